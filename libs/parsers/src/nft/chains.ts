/** Chains with their hooks, and flowtables. */
import type { NftChain, NftFamily, NftFlowtable, NftHook } from '@netverdict/linux-net';
import { type Fields, isFields, textList } from '../json/fields.ts';
import { Malformed } from '../problem.ts';
import { count, nameOf, optionalCount, optionalName } from './attributes.ts';
import { expectOnly } from './strict.ts';

const INET: readonly NftHook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'];
/** NF_INET_*, NF_BR_*, NF_ARP_* and NF_NETDEV_* in their order. */
const HOOKS: Readonly<Record<NftFamily, readonly NftHook[]>> = {
  ip: INET.slice(0, 5),
  ip6: INET.slice(0, 5),
  inet: INET,
  bridge: INET.slice(0, 5),
  arp: ['input', 'output', 'forward'],
  netdev: ['ingress', 'egress'],
};
const FAMILIES: ReadonlySet<string> = new Set(Object.keys(HOOKS));
export const isFamily = (text: string): text is NftFamily => FAMILIES.has(text);

const CHAIN_ATTRIBUTES = new Set('handle name hook policy type counters flags'.split(' '));
const HOOK_ATTRIBUTES = new Set('num priority dev devs'.split(' '));
const NF_DROP = 0;
const NF_ACCEPT = 1;
const ALL_CHAIN_FLAGS = 7;

function priorityOf(hook: Fields): number {
  const { priority } = hook;
  if (typeof priority !== 'number' || !Number.isInteger(priority)) throw new Malformed('"priority" is not a number');
  return priority;
}

const devicesOf = (hook: Fields): readonly string[] => {
  const one = optionalName(hook, 'dev');
  return 'devs' in hook ? textList(hook, 'devs') : one === null ? [] : [one];
};

function baseOf(a: Fields, family: NftFamily): NftChain['base'] {
  const { hook } = a;
  if (hook === undefined) return null;
  if (!isFields(hook)) throw new Malformed('"hook" is not an object');
  expectOnly(hook, HOOK_ATTRIBUTES, 'hook');
  const number = count(hook, 'num');
  const at = HOOKS[family][number];
  if (at === undefined) throw new Malformed(`family ${family} has no hook ${number}`);
  const type = optionalName(a, 'type') ?? 'filter';
  if (type !== 'filter' && type !== 'nat' && type !== 'route') throw new Malformed(`no chain is of type "${type}"`);
  const policy = count(a, 'policy', NF_ACCEPT);
  if (policy !== NF_DROP && policy !== NF_ACCEPT) throw new Malformed(`no policy is ${policy}`);
  return {
    type,
    hook: at,
    priority: priorityOf(hook),
    policy: policy === NF_DROP ? 'drop' : 'accept',
    devices: devicesOf(hook),
  };
}

const baseText = (base: NonNullable<NftChain['base']>): string => {
  const devices = base.devices.length === 0 ? '' : ` devices = { ${base.devices.join(', ')} }`;
  return ` { type ${base.type} hook ${base.hook}${devices} priority ${base.priority}; policy ${base.policy}; }`;
};

export function readChain(
  a: Fields,
  table: { readonly family: NftFamily; readonly name: string },
  line: number,
): Omit<NftChain, 'rules'> {
  expectOnly(a, CHAIN_ATTRIBUTES, 'chain');
  if (count(a, 'flags', 0) > ALL_CHAIN_FLAGS) throw new Malformed('a chain has a flag that is not known');
  const base = baseOf(a, table.family);
  const name = nameOf(a, 'name');
  const text = `chain ${table.family} ${table.name} ${name}${base === null ? '' : baseText(base)}`;
  return { name, handle: count(a, 'handle', 0), base, evidence: { line, text } };
}

export function readFlowtable(a: Fields): NftFlowtable {
  const hook = a.hook ?? {};
  if (!isFields(hook)) throw new Malformed('"hook" is not an object');
  return {
    name: nameOf(a, 'name'),
    handle: count(a, 'handle', 0),
    priority: 'priority' in hook ? priorityOf(hook) : 0,
    devices: textList(hook, 'devs'),
  };
}
export const isDormant = (a: Fields): boolean => ((optionalCount(a, 'flags') ?? 0) & 1) !== 0;
