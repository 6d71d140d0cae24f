/** Why nobody can tell certain mutants of links and neighbours from the model. */
import type { Explanation } from './explained.ts';

const same = (file: string, code: string, why: string, change?: string): Explanation => ({
  file,
  code,
  is: 'equivalent',
  why,
  ...(change === undefined ? {} : { change }),
});
const NAMED = 'which of the reasons is named for a packet that is lost in silence: neither end hears of it';
const UNREAD = 'in a judged world all is collected';
const REMEMBERED = 'only whether an answer is kept in mind for the next packet: the time it takes';
const MET = 'whether it is counted as met: the answer is the same';
const NOTHING_ASKS = 'nothing on the way of the question asks for it';

const gap = (file: string, code: string, why: string): Explanation => ({ file, code, is: 'gap', why });

export const OF_LINKS: readonly Explanation[] = [
  gap('link/vxlan.ts', 'if (depthOf(packet) >=', 'no world counts how often a tunnel is sent into itself'),
  gap(
    'link/vxlan.ts',
    'if (within &&',
    'no world has conntrack take the outer packets of a tunnel in a tunnel for one connection',
  ),
  gap('link/vxlan-ends.ts', "if (theirs.kind !== 'vxlan'", 'no tunnel has its own address for an end and asks there'),
  gap(
    'link/vxlan-ends.ts',
    'return ns.net.addressesOn(detail.underlay)',
    'no tunnel over a group learns an address of the other family',
  ),
  gap('link/spread.ts', 'if (seen.has(id))', 'no world has a circle of bridges: it would not end'),
  gap(
    'link/bridge-netfilter.ts',
    '...(told ?',
    'no world sees whether what a bridge cannot cut is told to the sender by each way',
  ),
  gap('neighbour/resolve.ts', '((value >>> (8', 'no rule that decides asks for the MAC of a group'),
  gap('neighbour/resolve.ts', 'if (renewed) return', 'chains for ARP are an unknown by their name'),
  same('link/bridge-ports.ts', 'const single =', MET),
  same(
    'link/bridge.ts',
    "if (bridge.detail.kind === 'bridge' && bridge.detail.vlanFiltering)",
    'a VLAN filter is an unknown by its name, and such packets are left out of the comparison',
  ),
  same('link/bridge.ts', "if (peer.kind === 'found' && !peer.link.up", NAMED),
  same('link/bridge.ts', 'e.mac === mac && e.master', 'the entry is cited as evidence: words'),
  same('link/bridge.ts', "if (peer.kind === 'found') return peer.ns.net.own", 'frames of judged worlds have addresses'),
  same('link/bridge.ts', 'const domain = walk.aside(() => spread(', 'the frame itself has taught the bridges already'),
  same('link/bridge.ts', 'pod.node === ns.node &&', UNREAD),
  same('link/bridge.ts', '!walk.world.namespaces.has(', UNREAD),
  same('link/bridge.ts', "state === 'hairpin' ?", NAMED),
  same('link/bridge.ts', "port.detail.kind === 'veth' && (veth(", UNREAD),
  same('link/bridge.ts', 'return peer !== null && unreadHost(', UNREAD),
  same('link/macvlan.ts', '(m) => isMacvlan(m)', 'a device sends no frame to its own address', '=== → !=='),
  same('link/macvlan.ts', 'if (!owner || owner.link.mac ===', 'the next line says the same of it', '=== → !=='),
  same(
    'link/macvlan.ts',
    'return walk.sees(modeFeature(owner.link)',
    'the parent takes no frame to the address of another',
    'true → false',
  ),
  same('link/spread.ts', 'if (part) unread.push', UNREAD),
  same('link/spread.ts', 'if (link.master === null) take(', NAMED),
  same('link/spread.ts', 'if (!unicast || isLocalMac(at', NAMED),
  same('link/spread.ts', "if (leaving.state !== 'hairpin') kept", NAMED),
  same('link/spread.ts', "if (leaving.state === 'disabled'", NAMED),
  same('link/vxlan-ends.ts', 'learned: false,', 'asked only where there is no entry'),
  same('link/vxlan.ts', 'payload: { kind:', 'its mark is taken from the outer packet at the other end'),
  same('link/vxlan.ts', 'const received = {', "its mark is the outer packet's in the same line"),
  same('link/vxlan.ts', 'return walk.aside(() => spread(', 'the frame itself teaches the bridge when it is sent'),
  same(
    'link/vxlan.ts',
    "byPort.find((l) => l.detail.kind === 'vxlan' && l.detail.external",
    'tunnels without a key of their own are an unknown by their name',
  ),
  same('link/xfrm.ts', 'if (!match) return true;', 'a policy that cannot be read is an unknown for all packets'),
  same('link/xfrm.ts', 'if (!prefix.ok) return true;', 'a policy that cannot be read is an unknown for all packets'),
  same('neighbour/arp.ts', 'const kept = announce === 0', MET),
  same('neighbour/arp.ts', 'dontFragment: false,', NOTHING_ASKS),
  same('neighbour/arp.ts', 'untracked: true,', NOTHING_ASKS),
  same('neighbour/nd.ts', 'dontFragment: false,', NOTHING_ASKS),
  same('neighbour/nd.ts', 'const LINK_LOCAL = 0xfe80n', 'the bit is shifted out'),
  same(
    'neighbour/resolve.ts',
    'if (link.loopback || link.detail.kind',
    'who sends by the loopback device asks for no neighbour',
  ),
  same('neighbour/resolve.ts', "const asks = entry?.state !== 'failed'", MET),
  same('neighbour/resolve.ts', 'if (arp) return', 'chains for ARP are an unknown by their name'),
  same(
    'neighbour/resolve.ts',
    'const member = rivals.length === 0',
    'an address that is given twice is an unknown by its name, and of one who answers one is taken',
  ),
  same(
    'neighbour/resolve.ts',
    'if (members.length === 1)',
    'of several who answer which is taken is an unknown by its name',
  ),
  same('neighbour/resolve.ts', "const lost = down.do === 'end'", NAMED),
  same('neighbour/resolve.ts', "const lost = answer.kind === 'nobody'", NAMED),
  same(
    'neighbour/resolve.ts',
    "if (entry && (entry.state === 'failed'",
    'somebody outside the nodes: no world has an uplink',
  ),
  same('neighbour/resolve.ts', 'return { ok: true, mac: null };', 'somebody outside the nodes: no world has an uplink'),
  same('neighbour/resolve.ts', "need.kind === 'pod'", 'words'),
  same('neighbour/resolve.ts', ": need.kind === 'node'", 'words'),
  same('neighbour/who-answers.ts', 'if (walk.choices.asked === asked', REMEMBERED),
  same('neighbour/who-answers.ts', "answer.kind === 'member' && answer.member.ns", REMEMBERED),
  same('neighbour/who-answers.ts', "if (out.detail.kind !== 'veth'", REMEMBERED),
  same('neighbour/who-answers.ts', "if (peer.kind !== 'found'", REMEMBERED),
  same('neighbour/who-answers.ts', 'const alone =', REMEMBERED),
  same('neighbour/who-answers.ts', "const open = answer.kind === 'need'", UNREAD),
  same('neighbour/who-answers.ts', 'const silent = domain.unread', UNREAD),
  same(
    'neighbour/who-answers.ts',
    "if (family === 'ipv6') return null;",
    'what is asked behind it is what was not collected, and in a judged world all is',
  ),
  same('neighbour/who-answers.ts', 'if (lost) return', NAMED),
  same('neighbour/who-answers.ts', 'if (blocked) return', NAMED),
  same('neighbour/who-answers.ts', "way === 'in' || spread(", NAMED),
  same('neighbour/who-answers.ts', 'if (!behind) continue;', NAMED),
  same('neighbour/who-answers.ts', "if (next.do === 'end') return next.stop", NAMED),
  same('neighbour/who-answers.ts', 'if (asker.link.mac === null)', 'devices that ask have an address'),
];
