/** Sysctls that are seldom asked. */
import { address } from '../addresses.ts';
import { type Kind, linesOf, once, own, PORTS_OPEN, ROUTER, wire, withPorts } from './wide.ts';

/** The way back is asked with the packet's mark, or without: by its mark it would be another one. */
const validMark: Kind = (wide, { family, host, only, sports }, given) => {
  if (family === 'ipv6') return null;
  const packet = withPorts(given);
  const { near, far } = wire(wide, 'marked', 'a', 5);
  const { a, r, draft } = wide;
  const { random } = draft;
  once(wide, 'strict', () => {
    r.deviceSysctls.push(`net/ipv4/conf/${near}/rp_filter = 1`);
    if (random.chance(0.6)) r.deviceSysctls.push(`net/ipv4/conf/${near}/src_valid_mark = 1`);
    r.ip.push(
      'rule add fwmark 5 lookup 300',
      'route add 10.2.0.0/24 dev to-b table 300',
      `route add ${random.pick(['10.5.0.0/24 dev to-b', 'unreachable 10.5.0.0/24'])} table 300`,
    );
  });
  const source = address(family, 5, host);
  own(a, far, source);
  a.ip.push(`route add ${only} via ${address(family, 5, ROUTER)} dev ${far}`);
  r.nft.push(
    `table ip marks${packet.sport} {`,
    ' chain come {',
    '  type filter hook prerouting priority -152; policy accept;',
    `  iifname "${near}" meta l4proto ${packet.protocol} ${sports} meta mark set 5`,
    ' }',
    '}',
  );
  return { ...packet, source };
};

/** A source that the router has itself. */
const acceptLocal: Kind = (wide, { family, host }, packet) => {
  if (family === 'ipv6') return null;
  const { a, r, draft } = wide;
  once(wide, 'accept-local', () => {
    if (draft.random.chance(0.6)) r.deviceSysctls.push('net/ipv4/conf/to-a/accept_local = 1');
  });
  const source = address(family, 9, host);
  own(a, 'lo', source);
  own(r, 'lo', source);
  return { ...packet, source };
};

/** A destination that the router's rules turn into one of loopback. */
const toLoopback: Kind = (wide, { family, sports }, given) => {
  if (family === 'ipv6') return null;
  const packet = withPorts(given);
  const { r, draft } = wide;
  once(wide, 'localnet', () => {
    if (draft.random.chance(0.6)) r.deviceSysctls.push('net/ipv4/conf/to-a/route_localnet = 1');
  });
  r.nft.push(
    `table ip local${packet.sport} {`,
    ' chain come {',
    '  type nat hook prerouting priority -101; policy accept;',
    `  meta l4proto ${packet.protocol} ${sports} dnat to 127.0.0.1`,
    ' }',
    '}',
  );
  return packet;
};

/** A source that the sender does not have. */
const nonlocalBind: Kind = (wide, { family, host }, packet) => {
  const { a, draft } = wide;
  once(wide, 'nonlocal', () => {
    for (const f of ['ipv4', 'ipv6']) if (draft.random.chance(0.6)) a.sysctls.push(`net/${f}/ip_nonlocal_bind = 1`);
  });
  return { ...packet, source: address(family, 1, host + 100) };
};

/** b answers none who asks from another subnet, and r sends from the address of another one. */
const announce: Kind = (wide, { family }, packet) => {
  if (family === 'ipv6') return null;
  const { near, far } = wire(wide, 'ask', 'b', 11);
  const { b, r, draft } = wide;
  once(wide, 'announce', () => {
    b.deviceSysctls.push(`net/ipv4/conf/${far}/arp_ignore = 2`);
    if (draft.random.chance(0.85))
      r.deviceSysctls.push(`net/ipv4/conf/${near}/arp_announce = ${draft.random.int(1, 2)}`);
  });
  return { ...packet, from: 'r', source: address(family, 1, ROUTER), destination: address(family, 11, 1) };
};

/** UDP sockets that are connected take what their peer sends, and nothing else. */
const connected: Kind = ({ b, draft: { random } }, { family, source, host }, packet) => {
  const port = 9000 + host;
  const remote = random.pick([
    { address: source, port: packet.sport },
    { address: source, port: packet.sport },
    { address: source, port: 9 },
    { address: address(family, 1, 1), port: packet.sport },
  ]);
  const own = address(family, 2, 1);
  b.sockets.push({ protocol: 'udp', family, address: own, port, remote });
  return { ...packet, protocol: 'udp', dport: port, destination: own };
};

/** The route takes smaller packets than its device, the device smaller ones than are sent. */
const smallRoute: Kind = ({ a, r, draft: { random } }, { family, only }, packet) => {
  const atSender = random.chance(0.25);
  const way = atSender ? `via ${address(family, 1, ROUTER)} dev eth0` : `via ${address(family, 2, 1)} dev to-b`;
  linesOf(atSender ? a : r, family).push(
    `route add ${only} ${way} metric 5 mtu ${random.pick(['1280', 'lock 1300', '1400'])}`,
  );
  return sized(packet, random.pick([1280, 1281, 1400, 1401, 1450]), random.chance(0.5));
};

const sized = (packet: Parameters<Kind>[2], sizeBytes: number, dontFragment: boolean): Parameters<Kind>[2] => ({
  ...packet,
  protocol: packet.protocol === 'tcp' ? 'udp' : packet.protocol,
  dport: packet.protocol === 'icmp' ? 0 : PORTS_OPEN[0],
  sizeBytes,
  dontFragment,
});

/** The other end of the wire takes smaller frames than this one sends. */
const smallReceiver: Kind = (wide, { family, only }, packet) => {
  const { near, far } = wire(wide, 'tight', 'b', 12);
  once(wide, 'tight-mtu', () => wide.b.late.push(`link set ${far} mtu 1300`));
  linesOf(wide.r, family).push(`route add ${only} via ${address(family, 12, 1)} dev ${near} metric 5`);
  return sized(packet, wide.draft.random.pick([1304, 1305, 1312, 1400, 1450]), true);
};

/** A router's device is smaller than what comes. */
const smallDevice: Kind = (wide, { family, only }, packet) => {
  const { near } = wire(wide, 'thin', 'b', 14);
  once(wide, 'thin-mtu', () => wide.r.late.push(`link set ${near} mtu 1300`));
  linesOf(wide.r, family).push(`route add ${only} via ${address(family, 14, 1)} dev ${near} metric 5`);
  return sized(packet, wide.draft.random.pick([1300, 1301, 1400]), wide.draft.random.chance(0.8));
};

export const SWITCH_KINDS: readonly Kind[] = [
  validMark,
  acceptLocal,
  toLoopback,
  nonlocalBind,
  announce,
  announce,
  connected,
  smallRoute,
  smallRoute,
  smallReceiver,
  smallReceiver,
  smallDevice,
];
