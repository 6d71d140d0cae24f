/** Base chains of native tables at every hook of every family, each with a rule for one packet that comes by there. */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import type { Draft, DraftNamespace } from '../draft.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { routerAddress, senderOf } from './rules.ts';

type Table = 'ip' | 'ip6' | 'inet' | 'netdev';
type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress';

const IP_HOOKS: readonly Hook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
/** Not those of iptables' tables, and no two of one hook alike: of equals it matters which was made last. */
const PRIORITIES: Readonly<Record<Table, number>> = { ip: -151, ip6: -152, inet: 7, netdev: 3 };

/** Rules by namespace, table and chain; chains at devices have one each. */
class Chains {
  readonly #rules = new Map<DraftNamespace, Map<Table, Map<string, string[]>>>();

  add(ns: DraftNamespace, table: Table, where: string, rule: string): void {
    const tables = this.#rules.get(ns) ?? new Map<Table, Map<string, string[]>>();
    this.#rules.set(ns, tables);
    const chains = tables.get(table) ?? new Map<string, string[]>();
    tables.set(table, chains);
    const rules = chains.get(where) ?? [];
    chains.set(where, rules);
    rules.push(rule);
  }

  load(): void {
    for (const [ns, tables] of this.#rules)
      for (const [table, chains] of tables)
        ns.nft.push(
          `table ${table} h {`,
          ...[...chains].flatMap(([where, rules], i) => [
            `chain c${i} {`,
            `  type filter hook ${where} priority ${PRIORITIES[table]};`,
            ...rules.map((rule) => `  ${rule}`),
            '}',
          ]),
          '}',
        );
  }
}

export function focusedHooks(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const chains = new Chains();
  addFocused(draft, router, count, (focus, packet) => one(chains, focus, packet));
  chains.load();
}

function one(chains: Chains, focus: Focus, packet: FlowSpec): FlowSpec {
  const { random } = focus.draft;
  const { family, protocol, ports, router } = focus;
  const table = random.weighted<Table>([
    [4, family === 'ipv4' ? 'ip' : 'ip6'],
    [3, 'inet'],
    [2, 'netdev'],
  ]);
  const hook =
    table === 'netdev'
      ? random.pick(['ingress', 'egress'] as const)
      : table === 'inet' && random.chance(0.4)
        ? 'ingress'
        : random.pick(IP_HOOKS);
  const made = { ...packet, destination: destinationFor(hook, focus, packet) };
  const inward = made.destination === routerAddress(focus);
  // The sender's own hooks, or the router's.
  const sender = senderOf(focus.draft);
  const ns = hook === 'output' || (hook === 'egress' && (inward || random.chance(0.4))) ? sender : router;
  const device = hook === 'ingress' ? 'to-a' : ns === sender ? 'eth0' : 'to-b';
  const where = hook === 'ingress' || hook === 'egress' ? `${hook} device "${device}"` : hook;
  const gate = `${table === 'inet' || table === 'netdev' ? `meta protocol ${family === 'ipv4' ? 'ip' : 'ip6'} ` : ''}${protocol} sport ${ports.from}-${ports.to}`;
  chains.add(ns, table, where, `${gate} ${action(focus, hook, ns, table)}`);
  return made;
}

const destinationFor = (hook: Hook, focus: Focus, { destination }: FlowSpec): string =>
  hook === 'input'
    ? routerAddress(focus)
    : hook === 'forward' || hook === 'postrouting'
      ? address(focus.family, 2, 1)
      : destination;

/** Mostly an end; now and then a change that the receiver sees. */
function action({ family, draft: { random }, protocol }: Focus, hook: Hook, ns: DraftNamespace, table: Table): string {
  const change =
    family === 'ipv4'
      ? random.pick(['ip dscp set ef', 'ip ttl set 40'])
      : random.pick(['ip6 dscp set ef', 'ip6 hoplimit set 40']);
  const atDevice = hook === 'ingress' || hook === 'egress';
  return random.weighted<string>([
    [5, 'drop'],
    [atDevice ? 0 : 1, change],
    [
      ['input', 'forward', 'output'].includes(hook) && table !== 'netdev' ? 1 : 0,
      protocol === 'tcp' ? 'reject with tcp reset' : 'reject',
    ],
    [1, random.chance(0.5) ? 'counter drop' : `meta length > 0 drop`],
    [ns.router ? 0.5 : 0, 'accept'],
  ]);
}
