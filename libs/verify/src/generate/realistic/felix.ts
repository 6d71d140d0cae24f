/**
 * A node as Calico's Felix programs it: routed pods (no bridge), chains per workload, policies over ipsets, verdicts by mark
 * bits. The names and the order are Felix's; which policies there are is random.
 */
import { address, FAMILIES } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft, type DraftNamespace } from '../draft.ts';
import { addSockets } from '../sockets.ts';

type Family = (typeof FAMILIES)[number];

const ACCEPTED = '0x10000/0x10000';
const NEXT_TIER = '0x20000/0x20000';

export function felix(draft: Draft): void {
  const { random } = draft;
  const node = addNamespace(draft, 'n', { router: true });
  const pods = ['a', 'b', 'c'].slice(0, random.int(2, 3)).map((name, i) => {
    const pod = addNamespace(draft, name, { router: false });
    const device = `cali${name}`;
    addVeth(node, device, pod, 'eth0');
    node.ip.push(
      `route add 10.${i + 1}.0.1/32 dev ${device} scope link`,
      `address add fe80::ecee:eeff:feee:eeee/64 dev ${device} nodad`,
    );
    pod.ip.push(
      `address add 10.${i + 1}.0.1/32 dev eth0`,
      `address add fd00:${i + 1}::1/128 dev eth0 nodad`,
      'route add 169.254.1.1 dev eth0 scope link',
      'route add default via 169.254.1.1 dev eth0',
    );
    node.ip6.push(`route add fd00:${i + 1}::1/128 dev ${device}`);
    pod.ip6.push('route add default via fe80::ecee:eeff:feee:eeee dev eth0');
    pod.devices.push({ name: 'eth0', subnet: i + 1, host: 1 });
    node.devices.push({ name: device, subnet: null, host: null });
    node.deviceSysctls.push(
      `net/ipv4/conf/${device}/proxy_arp = 1`,
      `net/ipv4/neigh/${device}/proxy_delay = 0`,
      `net/ipv4/conf/${device}/rp_filter = 1`,
      `net/ipv4/conf/${device}/route_localnet = 1`,
    );
    return { name, device };
  });
  const outside = addNamespace(draft, 'o', { router: false });
  addVeth(outside, 'eth0', node, 'up0');
  addAddresses(outside, 'eth0', 9, 1);
  addAddresses(node, 'up0', 9, 254);
  addRoute(outside, 'default', 9, 254);
  addSockets(draft);
  for (const family of FAMILIES) rules(draft, node, pods, family);
}

function rules(
  { random }: Draft,
  node: DraftNamespace,
  pods: readonly { readonly name: string; readonly device: string }[],
  family: Family,
): void {
  const tag = family === 'ipv4' ? '40' : '60';
  const sets = ['s:web', 's:db'].map((name) => `cali${tag}${name}`);
  for (const set of sets) {
    node.ipset.push(`create ${set} hash:net family ${family === 'ipv4' ? 'inet' : 'inet6'} maxelem 1048576`);
    for (const subnet of random.some([1, 2, 3, 9], random.int(1, 3)))
      node.ipset.push(
        `add ${set} ${random.chance(0.7) ? address(family, subnet, 1) : family === 'ipv4' ? `10.${subnet}.0.0/24` : `fd00:${subnet}::/64`} -exist`,
      );
  }
  const list =
    family === 'ipv4'
      ? random.pick([node.iptablesLegacy, node.iptablesNft])
      : random.pick([node.ip6tablesLegacy, node.ip6tablesNft]);
  const chains = new Map<string, string[]>();
  const chain = (name: string, ...lines: string[]): void => {
    chains.set(
      name,
      lines.map((line) => `-A ${name} ${line}`),
    );
  };
  const policies = ['pi-allow', 'pi-deny'].map((name) => `cali-${name}`);
  for (const policy of policies)
    chain(
      policy,
      ...Array.from({ length: random.int(1, 3) }, () => {
        const protocol = random.pick(['tcp', 'udp']);
        const ports = random.chance(0.6)
          ? ` -m multiport --dports ${random.pick(['80,443', '8080,30000:32767', '5353'])}`
          : '';
        const set = random.chance(0.6) ? ` -m set --match-set ${random.pick(sets)} src` : '';
        return random.chance(0.75)
          ? `-p ${protocol}${set}${ports} -j MARK --set-xmark ${ACCEPTED}`
          : `-p ${protocol}${set}${ports} -j DROP`;
      }),
      `-m mark --mark ${ACCEPTED} -j RETURN`,
    );
  for (const { device } of pods) {
    const isolated = random.chance(0.6);
    for (const direction of ['fw', 'tw'])
      chain(
        `cali-${direction}-${device}`,
        '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        '-m conntrack --ctstate INVALID -j DROP',
        '-j MARK --set-xmark 0x0/0x10000',
        ...(direction === 'tw' && isolated
          ? [
              '-j MARK --set-xmark 0x0/0x20000',
              ...policies.flatMap((policy) => [
                `-m mark --mark 0x0/0x20000 -j ${policy}`,
                `-m mark --mark ${ACCEPTED} -j RETURN`,
              ]),
              '-m mark --mark 0x0/0x20000 -j DROP',
            ]
          : [`-j MARK --set-xmark ${ACCEPTED}`, `-m mark --mark ${ACCEPTED} -j RETURN`]),
        '-j DROP',
      );
  }
  chain('cali-from-wl-dispatch', ...pods.map(({ device }) => `-i ${device} -g cali-fw-${device}`), '-j DROP');
  chain('cali-to-wl-dispatch', ...pods.map(({ device }) => `-o ${device} -g cali-tw-${device}`), '-j DROP');
  chain('cali-wl-to-host', '-j cali-from-wl-dispatch', `-j ${random.pick(['ACCEPT', 'DROP', 'RETURN'])}`);
  chain(
    'cali-FORWARD',
    `-j MARK --set-xmark 0x0/0xe0000`,
    '-i cali+ -j cali-from-wl-dispatch',
    '-o cali+ -j cali-to-wl-dispatch',
    `-m mark --mark ${ACCEPTED} -j ACCEPT`,
    `-j MARK --set-xmark ${NEXT_TIER}`,
  );
  chain('cali-INPUT', '-i cali+ -g cali-wl-to-host', `-m mark --mark ${ACCEPTED} -j ACCEPT`);
  chain('cali-OUTPUT', `-m mark --mark ${ACCEPTED} -j ACCEPT`, '-o cali+ -j RETURN');
  list.push(
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...[...chains.keys()].map((name) => `:${name} - [0:0]`),
    '-A INPUT -j cali-INPUT',
    '-A FORWARD -j cali-FORWARD',
    '-A OUTPUT -j cali-OUTPUT',
    ...[...chains.values()].flat(),
    'COMMIT',
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':cali-nat-outgoing - [0:0]',
    '-A POSTROUTING -j cali-nat-outgoing',
    `-A cali-nat-outgoing -m set --match-set ${sets[0]} src -m set ! --match-set ${sets[1]} dst -j MASQUERADE --random-fully`,
    'COMMIT',
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':cali-rpf-skip - [0:0]',
    '-A PREROUTING -i cali+ -j MARK --set-xmark 0x40000/0x40000',
    '-A PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP',
    'COMMIT',
  );
}
