/** One condition or one target of x_tables for each packet. */
import type { Draft } from '../draft.ts';
import { ipsetMember, ipsetTypes } from '../ipsets.ts';
import { type Hook, type Place, XT_MATCHES } from '../xtables/matches.ts';
import { XT_TARGETS } from '../xtables/targets.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { gate, onTheWay, Rules, routerAddress, senderOf } from './rules.ts';

/** The gate has said the protocol and the source port already. */
const KINDS = Object.keys(XT_MATCHES).filter((kind) => !['statistic-random', 'sport'].includes(kind));
const withoutGate = (text: string): string => text.replace(/^-m (tcp|udp) /, '');

export function focusedMatches(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const rules = new Rules();
  addFocused(draft, router, count, (focus, packet) => {
    for (let tries = 0; tries < 12; tries++) {
      const kind = draft.random.pick(KINDS);
      // Who owns a packet is known where it is made.
      const [ns, table, hook] =
        kind === 'owner'
          ? ([senderOf(draft), 'filter', 'OUTPUT'] as const)
          : ([focus.router, ...draft.random.pick(onTheWay(focus, packet))] as const);
      const text = XT_MATCHES[kind]?.({ ...focus, ns, table, hooks: [hook] }) ?? null;
      if (text === null) continue;
      rules.add(ns, focus.family, table, hook, `${gate(focus)} ${withoutGate(text)} -j DROP`);
      return packet;
    }
    return null;
  });
  rules.load(draft);
}

export function focusedTargets(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const rules = new Rules();
  const { random } = draft;
  addFocused(draft, router, count, (focus, packet) => {
    const { family } = focus;
    const own = gate(focus);
    const add = (table: string, chain: string, ...lines: string[]): void =>
      rules.add(router, family, table, chain, ...lines.map((line) => `${own} ${line}`));
    const way = (): Hook => (packet.destination === routerAddress(focus) ? 'INPUT' : 'FORWARD');
    const shapes: readonly (() => void)[] = [
      () => add('filter', way(), '-j ACCEPT', '-j DROP'),
      () => {
        add('filter', way(), `-j ret${focus.ports.from}`, '-j DROP');
        rules.add(router, family, 'filter', `ret${focus.ports.from}`, `-j ${random.pick(['RETURN', 'ACCEPT'])}`);
      },
      () => {
        add('mangle', 'PREROUTING', '-j MARK --set-mark 1', '-j CONNMARK --save-mark');
        add('filter', way(), '-m connmark --mark 1 -j DROP');
      },
      () => {
        add('mangle', 'PREROUTING', '-j CONNMARK --set-mark 1', '-j CONNMARK --restore-mark');
        add('filter', way(), '-m mark --mark 1 -j DROP');
      },
      () => {
        add('raw', 'PREROUTING', random.pick(['-j CT --notrack', '-j CT --zone 3']));
        add('filter', way(), '-m conntrack --ctstate UNTRACKED -j DROP');
      },
      () => single(focus, 'nat', 'PREROUTING', add),
      () => single(focus, 'nat', 'POSTROUTING', add),
      () => single(focus, 'mangle', random.pick(['PREROUTING', way(), 'POSTROUTING']), add),
      () => single(focus, 'filter', way(), add),
      () => {
        add('mangle', 'PREROUTING', '-j TOS --set-tos 0x10/0x3f');
        add('filter', way(), '-m tos --tos 0x10/0x3f -j DROP');
      },
    ];
    random.pick(shapes)();
    return packet;
  });
  rules.load(draft);
}

/** Any target that can stand there and does something. */
function single(
  focus: Focus,
  table: string,
  hook: Hook,
  add: (table: string, chain: string, ...lines: string[]) => void,
): void {
  const { random } = focus.draft;
  const place: Place = { ...focus, ns: focus.router, table, hooks: [hook] };
  const makers = Object.entries(XT_TARGETS).filter(
    ([name]) => !['none', 'accept', 'return', 'nflog', 'classify'].includes(name),
  );
  for (let tries = 0; tries < 12; tries++) {
    const text = random.pick(makers)[1][1](place);
    if (text === null || text.includes('--tcp-flags')) continue;
    add(table, hook, text);
    return;
  }
}

export function focusedSets(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const rules = new Rules();
  const made = new Set<string>();
  addFocused(draft, router, count, (focus, packet) => {
    const { family } = focus;
    const types = ipsetTypes(family);
    // Of IPv4 alone, and of both families: they would come seldom.
    const type = draft.random.pick([...types, ...types.filter((t) => t.name === 'bitmap:ip')]);
    const name = `f-${family === 'ipv4' ? 4 : 6}-${type.name.replace(/[:,]/g, '-')}`;
    if (!made.has(name)) {
      made.add(name);
      router.ipset.push(type.create(name));
    }
    for (let i = 0; i < 3; i++) router.ipset.push(`add ${name} ${ipsetMember(type, focus)} -exist`);
    const asked = draft.random.chance(0.15) ? listOf(router, name) : name;
    const directions = Array.from({ length: type.dimensions }, () => draft.random.pick(['src', 'dst'])).join(',');
    const [table, hook] = draft.random.pick(onTheWay(focus, packet));
    rules.add(
      router,
      family,
      table,
      hook,
      `${gate(focus)} -m set ${draft.random.chance(0.3) ? '! ' : ''}--match-set ${asked} ${directions} -j DROP`,
    );
    return packet;
  });
  rules.load(draft);
}

/** A list that holds the set. */
function listOf(router: Focus['router'], set: string): string {
  const list = `l-${set}`;
  if (!router.ipset.includes(`create ${list} list:set`))
    router.ipset.push(`create ${list} list:set`, `add ${list} ${set}`);
  return list;
}
