/** Tunnels that learn where the other end is, and macvlans of the modes that are seldom. */
import { PLAIN_FLOW } from '../../world/defaults.ts';
import { address, FAMILIES } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft, type DraftNamespace } from '../draft.ts';
import { listenEverywhere, PORTS_OPEN } from './wide.ts';

/** Two hosts with a tunnel between them: the first knows where the second is, the second has to hear of the first. */
export function learningTunnel(draft: Draft, turn: number, count: number): void {
  const { random } = draft;
  const ends = ['a', 'b'].map((name) => addNamespace(draft, name, { router: false }));
  const [a, b] = ends as [DraftNamespace, DraftNamespace];
  addVeth(a, 'eth0', b, 'eth0');
  ends.forEach((ns, i) => {
    const [me, other] = [i + 1, 2 - i];
    addAddresses(ns, 'eth0', 9, me);
    ns.links.push(
      `link add vx0 address 02:00:00:00:00:0${me} type vxlan id 7 local 10.9.0.${me} dev eth0 dstport 4789`,
    );
    ns.ip.push('link set vx0 up');
    addAddresses(ns, 'vx0', 1, me);
    for (const family of FAMILIES)
      ns.ip.push(`neigh add ${address(family, 1, other)} lladdr 02:00:00:00:00:0${other} dev vx0 nud permanent`);
  });
  a.bridge.push('fdb add 02:00:00:00:00:02 dev vx0 dst 10.9.0.2');
  // A fixed entry that says otherwise than the packet: it is not taken.
  if (turn % 3 !== 0)
    b.bridge.push(`fdb add 02:00:00:00:00:01 dev vx0 dst ${random.chance(0.75) ? '10.9.0.77' : '10.9.0.1'}`);
  listenEverywhere(draft);
  for (let i = 0; i < count; i++) {
    const back = random.chance(0.15);
    draft.flows.push(plain(draft, i, back ? 'b' : 'a', 1, back ? 1 : 2));
  }
}

const MODES = ['bridge', 'passthru', 'vepa', 'private', 'vepa', 'source', 'passthru', 'vepa', 'private'] as const;
/** Where the switch sends back to the port that a frame came from: at one of the three turns of `vepa`. */
const HAIRPIN_TURN = 4;

/** Behind one device of a host a macvlan takes all that comes (passthru), what comes from some (source), or nothing from others like it (private, and vepa where the switch does not send it back). */
export function seldomMacvlan(draft: Draft, turn: number, count: number): void {
  const { random } = draft;
  const h = addNamespace(draft, 'h', { router: false });
  const o = addNamespace(draft, 'o', { router: false });
  const a = addNamespace(draft, 'a', { router: false });
  const mode = MODES[turn % MODES.length] ?? 'private';
  if (mode === 'vepa') {
    o.links.push('link add br0 type bridge');
    addVeth(h, 'eth0', o, 'up0');
    o.ip.push('link set br0 up', 'link set up0 master br0');
    if (turn % MODES.length === HAIRPIN_TURN) o.bridge.push('link set dev up0 hairpin on');
  } else addVeth(h, 'eth0', o, 'eth0');
  addAddresses(h, 'eth0', 1, 254);
  addAddresses(o, mode === 'vepa' ? 'br0' : 'eth0', 1, 10);
  h.links.push(`link add link eth0 name mva netns {a} type macvlan mode ${mode}`);
  const c =
    mode === 'private' || mode === 'vepa' || mode === 'bridge' ? addNamespace(draft, 'c', { router: false }) : null;
  if (c) {
    h.links.push(`link add link eth0 name mvc netns {c} type macvlan mode ${mode}`);
    c.ip.push('link set mvc up');
    addAddresses(c, 'mvc', 1, 2);
    addRoute(c, 'default', 1, 10);
  }
  if (mode === 'source') a.links.push('link set mva type macvlan macaddr add 02:00:00:00:00:33');
  a.ip.push('link set mva up');
  addAddresses(a, 'mva', 1, 1);
  for (const end of [o, a, h]) addRoute(end, 'default', 1, end === o ? 1 : 10);
  listenEverywhere(draft);
  for (const ns of draft.namespaces)
    for (const { name } of ns.devices)
      for (const family of FAMILIES) ns.deviceSysctls.push(`net/${family}/neigh/${name}/retrans_time_ms = 200`);
  for (let i = 0; i < count; i++) {
    const [from, to] = random.weighted([
      [4, ['o', 1]],
      [2, ['a', 10]],
      [1, ['o', 254]],
      [1, ['h', 10]],
      [c ? 5 : 0, ['a', 2]],
    ] as const);
    draft.flows.push(plain(draft, i, from, 1, to));
  }
}

function plain({ random }: Draft, index: number, from: string, subnet: number, to: number) {
  const family = random.pick(FAMILIES);
  const protocol = random.pick(['udp', 'tcp', 'icmp'] as const);
  return {
    ...PLAIN_FLOW,
    id: `f${index}`,
    from,
    family,
    protocol,
    sport: 20_000 + index * 130,
    destination: address(family, subnet, to),
    dport: protocol === 'icmp' ? 0 : random.pick(PORTS_OPEN),
    dontFragment: true,
  };
}
