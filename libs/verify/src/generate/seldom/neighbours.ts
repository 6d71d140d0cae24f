/** Neighbour entries of every state, and those who answer for others. */
import { address } from '../addresses.ts';
import { type Kind, linesOf, once, own, wire } from './wide.ts';

/** Nobody has it. */
const STRANGER = '02:00:00:00:00:99';

/** b's address has an entry at r that leads nowhere, or one that says that nobody answered before. */
const entryIn =
  (state: 'reachable' | 'stale' | 'noarp' | 'permanent' | 'failed'): Kind =>
  ({ r }, { family, destination }, packet) => {
    // IPv6's hosts answer on the very device that has the address.
    r.late.push(`neigh replace ${destination}${state === 'failed' ? '' : ` lladdr ${STRANGER}`} dev to-b nud ${state}`);
    linesOf(r, family).push(`route add ${destination}/${family === 'ipv4' ? 32 : 128} dev to-b metric 5`);
    return packet;
  };

/** a takes the address to be on its own link, and the router answers for it: for all that it leads to. */
const proxyArp: Kind = (wide, { family, only }, packet) => {
  if (family === 'ipv6') return null;
  once(wide, 'proxy-arp', () => wide.r.deviceSysctls.push('net/ipv4/conf/to-a/proxy_arp = 1'));
  wide.a.ip.push(`route add ${only} dev eth0`);
  return packet;
};

/** The same for one address. */
const proxyEntry: Kind = (wide, { family, destination, only, host }, packet) => {
  const { near, far } = wire(wide, 'proxied', 'a', 15);
  once(wide, 'proxy-ndp', () => {
    if (wide.draft.random.chance(0.75)) wide.r.deviceSysctls.push(`net/ipv6/conf/${near}/proxy_ndp = 1`);
  });
  linesOf(wide.a, family).push(`route add ${only} dev ${far}`);
  wide.r.ip.push(`neigh add proxy ${destination} dev ${near}`);
  const source = address(family, 15, host);
  own(wide.a, far, source);
  linesOf(wide.r, family).push(`route add ${source}/${family === 'ipv4' ? 32 : 128} dev ${near}`);
  return { ...packet, source };
};

/** The answerer has a fixed entry for who asks, with the address of nobody: its answer does not come back. */
const askerFixed: Kind = ({ r }, { family, source }, packet) => {
  if (family === 'ipv4') return null;
  r.late.push(`neigh replace ${source} lladdr ${STRANGER} dev to-a nud permanent`);
  return packet;
};

/** On a device that does no ARP each neighbour has the device's own address. */
const noarpDevice: Kind = (wide, { family, only }, packet) => {
  const { near } = wire(wide, 'noarp', 'b', 16);
  once(wide, 'noarp-off', () => wide.r.ip.push(`link set ${near} arp off`));
  linesOf(wide.r, family).push(`route add ${only} via ${address(family, 16, 1)} dev ${near} metric 5`);
  return packet;
};

/** r answers none who asks for it; b, whom r asked, knows it all the same. */
const learned: Kind = (wide, { family, source, only }, packet) => {
  const { b, r } = wide;
  once(wide, 'learned', () => {
    r.links.push(`link add learn-r address ${LEARNT.mac} type veth peer name learn-b netns {b}`);
    r.ip.push('link set learn-r up');
    b.ip.push('link set learn-b up');
    r.ip.push('address add 10.17.0.254/24 dev learn-r', 'address add fd00:11::fe/64 dev learn-r nodad');
    b.ip.push('address add 10.17.0.1/24 dev learn-b', 'address add fd00:11::1/64 dev learn-b nodad');
    r.deviceSysctls.push('net/ipv4/conf/learn-r/arp_ignore = 8');
    r.nft.push(
      'table ip6 mute {',
      ' chain come {',
      '  type filter hook input priority 7; policy accept;',
      '  iifname "learn-r" icmpv6 type nd-neighbor-solicit drop',
      ' }',
      '}',
    );
  });
  const here = family === 'ipv4' ? '10.17.0.1' : 'fd00:11::1';
  linesOf(r, family).push(`route add ${only} via ${here} dev learn-r metric 5`);
  const back = family === 'ipv4' ? '10.17.0.254' : LEARNT.linkLocal;
  linesOf(b, family).push(`route add ${source}/${family === 'ipv4' ? 32 : 128} via ${back} dev learn-b metric 5`);
  return packet;
};
/** A forwarding host asks from its link-local address. */
const LEARNT = { mac: '02:00:00:00:11:fe', linkLocal: 'fe80::ff:fe00:11fe' } as const;

/** b's address is not usable yet: duplicate address detection goes on for longer than the world lasts. */
const tentative: Kind = (wide, { family, host }, packet) => {
  if (family === 'ipv4') return null;
  const { far } = wire(wide, 'dad', 'b', 18);
  once(wide, 'dad-slow', () => {
    wide.b.deviceSysctls.push(
      `net/ipv6/conf/${far}/accept_dad = 1`,
      `net/ipv6/conf/${far}/dad_transmits = 3`,
      `net/ipv6/neigh/${far}/retrans_time_ms = 60000`,
    );
  });
  const destination = address(family, 18, host);
  wide.b.ip.push(`address add ${destination}/128 dev ${far}`);
  return { ...packet, destination };
};

/** r is asked on a wire that its own way back to the asker does not take, or does. */
const askedElsewhere: Kind = (wide, { family, source, only }, packet) => {
  if (family === 'ipv6') return null;
  const { near, far } = wire(wide, 'filter', 'a', 19);
  once(wide, 'arp-filter', () => wide.r.deviceSysctls.push(`net/ipv4/conf/${near}/arp_filter = 1`));
  wide.a.ip.push(`route add ${only} via 10.19.0.254 dev ${far}`);
  if (wide.draft.random.chance(0.4)) wide.r.ip.push(`route add ${source}/32 dev ${near}`);
  return packet;
};

export const NEIGHBOUR_KINDS: readonly Kind[] = [
  entryIn('reachable'),
  entryIn('stale'),
  entryIn('noarp'),
  entryIn('failed'),
  proxyArp,
  (...given) => (given[1].family === 'ipv4' ? proxyEntry(...given) : null),
  (...given) => (given[1].family === 'ipv6' ? proxyEntry(...given) : null),
  askerFixed,
  noarpDevice,
  askedElsewhere,
  learned,
  learned,
  tentative,
];
