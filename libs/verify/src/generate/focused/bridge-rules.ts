/**
 * Rules about frames that a bridge carries: nft's own family for bridges, iptables that is shown them (bridge-nf-call) and asks by
 * which ports they go, and chains at the ports. Each packet has one rule.
 */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft, type DraftNamespace } from '../draft.ts';

import type { Hook } from '../xtables/matches.ts';
import { addFocused, type Focus } from './focused.ts';
import { gate, Rules } from './rules.ts';

/** a and b behind the bridge of n, o behind n itself. */
function bridgeShape(draft: Draft): DraftNamespace {
  const n = addNamespace(draft, 'n', { router: true });
  n.links.push('link add br0 type bridge');
  n.ip.push('link set br0 up');
  ['a', 'b'].forEach((name, i) => {
    const pod = addNamespace(draft, name, { router: false });
    addVeth(n, `p${name}`, pod, 'eth0');
    n.ip.push(`link set p${name} master br0`);
    n.devices.push({ name: `p${name}`, subnet: null, host: null });
    addAddresses(pod, 'eth0', 1, i + 1);
    addRoute(pod, 'default', 1, 254);
  });
  addAddresses(n, 'br0', 1, 254);
  const o = addNamespace(draft, 'o', { router: false });
  addVeth(o, 'eth0', n, 'to-o');
  addAddresses(o, 'eth0', 2, 1);
  addAddresses(n, 'to-o', 2, 254);
  addRoute(o, 'default', 2, 254);
  for (const ns of draft.namespaces)
    for (const protocol of ['tcp', 'udp'] as const)
      for (const port of [80, 443, 8080])
        ns.sockets.push({ protocol, family: 'ipv6', address: '::', port, v6only: false });
  return n;
}

/** Before bridge netfilter (0) and behind it. */
const PRIORITIES = [-290, -190, -1, 1, 90, 310] as const;

/** From one to another, and what the frame is to the bridge. */
const WAYS = [
  { way: 'across', from: 'a', to: [1, 2], hooks: ['prerouting', 'forward', 'postrouting'] },
  { way: 'up', from: 'a', to: [1, 254], hooks: ['prerouting', 'input'] },
  { way: 'through', from: 'a', to: [2, 1], hooks: ['prerouting', 'input'] },
  { way: 'down', from: 'n', to: [1, 1], hooks: ['output', 'output', 'postrouting'] },
  { way: 'into', from: 'o', to: [1, 1], hooks: ['output', 'output', 'postrouting'] },
] as const;
type Way = (typeof WAYS)[number];

export function focusedBridge(draft: Draft, count: number): void {
  const n = bridgeShape(draft);
  const { random } = draft;
  const called = random.chance(0.85) ? 1 : 0;
  n.sysctls.push(`net/bridge/bridge-nf-call-iptables = ${called}`, `net/bridge/bridge-nf-call-ip6tables = ${called}`);
  const rules = new Rules();
  const chains = new Map<string, string[]>();
  const into = (where: string, rule: string): void => {
    const list = chains.get(where) ?? [];
    chains.set(where, list);
    list.push(rule);
  };
  addFocused(draft, n, count, (focus, packet) => {
    const way = random.weighted(
      WAYS.map((w) => [w.way === 'across' ? 4 : w.hooks[0] === 'output' ? 1.6 : 1, w] as const),
    );
    const made = aimed(focus, packet, way);
    if (random.chance(0.55)) into(random.pick(way.hooks), `${bridgeGate(focus)} ${condition(focus, way)}drop`);
    else askPorts(rules, focus, way);
    return made;
  });
  rules.load(draft);
  if (chains.size > 0)
    n.nft.push(
      'table bridge f {',
      ...[...chains].flatMap(([hook, lines]) => [
        `chain ${hook} {`,
        `  type filter hook ${hook} priority ${random.pick(PRIORITIES)};`,
        ...lines.map((line) => `  ${line}`),
        '}',
      ]),
      '}',
    );
}

function aimed({ family }: Focus, packet: FlowSpec, { from, to: [subnet, host] }: Way): FlowSpec {
  return {
    ...packet,
    from,
    source: from === 'a' ? packet.source : null,
    destination: address(family, subnet, host),
    device: null,
    tcpFlags: null,
  };
}

const bridgeGate = ({ family, protocol, ports }: Focus): string =>
  `meta protocol ${family === 'ipv4' ? 'ip' : 'ip6'} ${protocol} sport ${ports.from}-${ports.to}`;

/** What holds of the frame, or not, beside the ports. */
function condition({ draft: { random }, family }: Focus, { way }: Way): string {
  const [ip, own] = family === 'ipv4' ? ['ip', '10.1.0.1'] : ['ip6', 'fd00:1::1'];
  return random.pick([
    '',
    '',
    `${ip} saddr ${own} `,
    `${ip} daddr != ${own} `,
    ...(way === 'across' || way === 'up' || way === 'through'
      ? ['iifname "pa" ', 'iifname "pb" ']
      : ['oifname "pa" ', 'oifname "pb" ']),
  ]);
}

/** The tables of iptables that a frame on its way is shown to. */
const SHOWN: Readonly<Record<Way['way'], readonly (readonly [table: string, hook: Hook])[]>> = {
  across: [
    ['mangle', 'PREROUTING'],
    ['mangle', 'FORWARD'],
    ['filter', 'FORWARD'],
    ['mangle', 'POSTROUTING'],
  ],
  up: [
    ['mangle', 'PREROUTING'],
    ['raw', 'PREROUTING'],
    ['filter', 'INPUT'],
  ],
  through: [
    ['mangle', 'PREROUTING'],
    ['filter', 'FORWARD'],
    ['mangle', 'POSTROUTING'],
  ],
  down: [['mangle', 'POSTROUTING']],
  into: [
    ['mangle', 'PREROUTING'],
    ['filter', 'FORWARD'],
    ['mangle', 'POSTROUTING'],
  ],
};

/** By which ports: as iptables sees a bridged frame, or one that has none of them. */
function askPorts(rules: Rules, focus: Focus, { way }: Way): void {
  const { random } = focus.draft;
  const [table, hook] = random.pick(SHOWN[way]);
  const not = random.chance(0.3) ? '! ' : '';
  const leaving = hook === 'FORWARD' || hook === 'POSTROUTING';
  const text = random.pick([
    `${not}--physdev-in ${random.pick(['pa', 'pa', 'pb', 'p+'])}`,
    `${not}--physdev-in ${random.pick(['pa', 'pb'])}`,
    `${not}--physdev-is-in`,
    ...(leaving
      ? [
          `${not}--physdev-is-bridged`,
          `${not}--physdev-is-out`,
          ...[['pb', 'pb', 'pa', 'p+'], ['pb', 'pa'], ['pb'], ['pb', 'p+'], ['pb', 'pa', 'p+']].map(
            (ports) => `--physdev-is-bridged ${not}--physdev-out ${random.pick(ports)}`,
          ),
        ]
      : []),
  ]);
  rules.add(focus.router, focus.family, table, hook, `${gate(focus)} -m physdev ${text} -j DROP`);
}
