/** Why nobody can tell certain mutants of links from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { COLLECTED, MET, NAMED } from './reasons.ts';

export const OF_LINK: readonly Explanation[] = [
  gap(
    'link/bridge-netfilter.ts',
    'no world sees whether what a bridge cannot cut is told to the sender by each way',
    '...(told ?',
  ),
  same('link/bridge-ports.ts', MET, 'const single ='),
  gap(
    'link/bridge-ports.ts',
    'no entry of another bridge or device has the address of a frame',
    'e.permanent && e.mac === mac && (e.master',
  ),
  gap(
    'link/bridge-ports.ts',
    'no port that is not forwarding hears from a host that is not kept from it otherwise',
    'if (!open && walk.sees(',
  ),
  same('link/bridge.ts', 'a VLAN filter is an unknown by its name, and such packets are left out of the comparison', [
    "if (bridge.detail.kind === 'bridge' && bridge.detail.vlanFiltering)",
    '=== → !==',
  ]),
  same('link/bridge.ts', NAMED, ["if (peer.kind === 'found' && !peer.link.up", '!== → ==='], "state === 'hairpin' ?"),
  same('link/bridge.ts', 'the entry is cited as evidence: words', 'e.mac === mac && e.master'),
  same('link/bridge.ts', 'frames of judged worlds have addresses', "if (peer.kind === 'found') return peer.ns.net.own"),
  same(
    'link/bridge.ts',
    COLLECTED,
    'pod.node === ns.node &&',
    '!walk.world.namespaces.has(',
    "port.detail.kind === 'veth' && (veth(",
    'return peer !== null && unreadHost(',
  ),
  same('link/bridge.ts', 'a copy that is followed to a host that it is not for is lost there in silence', [
    "if (peer.kind === 'found' && peer.link.mac === frame.dstMac)",
    '=== → !==',
  ]),
  same('link/macvlan.ts', 'the next line says the same of it', ['if (!owner || owner.link.mac ===', '=== → !==']),
  same('link/macvlan.ts', 'the parent takes no frame to the address of another', [
    'return walk.sees(modeFeature(owner.link)',
    'true → false',
  ]),
  gap('link/macvlan.ts', 'no device without ARP has a namesake by its number on the same parent', 'const isItself ='),
  gap('link/spread.ts', 'no world has a circle of bridges: it would not end', 'if (seen.has(id))'),
  same('link/spread.ts', COLLECTED, 'if (part) unread.push'),
  same(
    'link/spread.ts',
    NAMED,
    'if (link.master === null) take(',
    'if (!unicast || isLocalMac(at',
    "if (leaving.state !== 'hairpin') kept",
    ["if (leaving.state === 'disabled'", '=== → !=='],
    ["if (leaving.state === 'disabled'", '!out.carrier → (out.carrier)'],
  ),
  gap(
    'link/spread.ts',
    'no tunnel is taught by a question alone and sent to afterwards',
    'if (learn && cast.from !== null',
  ),
  gap(
    'link/spread.ts',
    'no bridge has a port with proxy_arp, none that suppresses, and a table that knows who is asked for',
    'if (!suppressing && !ports.some(',
  ),
  gap('link/vxlan-ends.ts', 'no tunnel has its own address for an end and asks there', "if (theirs.kind !== 'vxlan'"),
  gap(
    'link/vxlan-ends.ts',
    'no tunnel over a group learns an address of the other family',
    'return ns.net.addressesOn(detail.underlay)',
  ),
  same('link/vxlan-ends.ts', 'asked only where there is no entry', 'learned: false,'),
  gap(
    'link/vxlan-ends.ts',
    'no tunnel without an address of its own is learned from and then sent to',
    'if (detail.underlay === null)',
  ),
  gap('link/vxlan.ts', 'no world counts how often a tunnel is sent into itself', 'if (depthOf(packet) >='),
  gap(
    'link/vxlan.ts',
    'no world has conntrack take the outer packets of a tunnel in a tunnel for one connection',
    'if (within &&',
  ),
  same('link/vxlan.ts', 'its mark is taken from the outer packet at the other end', 'payload: { kind:'),
  same('link/vxlan.ts', "its mark is the outer packet's in the same line", 'const received = {'),
  same('link/vxlan.ts', 'the frame itself teaches the bridge when it is sent', [
    'return walk.aside(() => spread(',
    'false → true',
  ]),
  same(
    'link/vxlan.ts',
    'tunnels without a key of their own are an unknown by their name',
    "byPort.find((l) => l.detail.kind === 'vxlan' && l.detail.external",
  ),
  gap('link/vxlan.ts', "nothing on a tunnel's way looks at the sum of an outer packet", '...(detail.sums['),
  same(
    'link/xfrm.ts',
    'a policy that cannot be read is an unknown for all packets',
    ['if (!match) return true;', 'true → false'],
    ['if (!prefix.ok) return true;', 'true → false'],
  ),
  gap(
    'link/xfrm.ts',
    'what a policy takes is an unknown by its name, and left out of the comparison',
    'return familyOf(prefix.value.address) ===',
  ),
  gap('link/vxlan.ts', 'no world has tunnels as deep in tunnels as the limit', ['if (walk.transmissions >', '>= → >']),
].flat();
