/** A container host as Docker programs it: a bridge with containers, published ports, isolation between two networks. */
import { addAddresses, addNamespace, addRoute, addVeth, type Draft } from '../draft.ts';
import { addSockets } from '../sockets.ts';

export function docker(draft: Draft): void {
  const { random } = draft;
  const host = addNamespace(draft, 'n', { router: true });
  const networks = ['br0', 'br1'].slice(0, random.int(1, 2));
  networks.forEach((bridge, i) => {
    host.links.push(`link add ${bridge} type bridge`);
    host.ip.push(`link set ${bridge} up`);
    addAddresses(host, bridge, i + 1, 254);
  });
  networks.forEach((bridge, i) => {
    const container = addNamespace(draft, ['a', 'b'][i] ?? 'a', { router: false });
    addVeth(host, `p${i}`, container, 'eth0');
    host.ip.push(`link set p${i} master ${bridge}`);
    addAddresses(container, 'eth0', i + 1, 1);
    addRoute(container, 'default', i + 1, 254);
  });
  const outside = addNamespace(draft, 'o', { router: false });
  addVeth(outside, 'eth0', host, 'up0');
  addAddresses(outside, 'eth0', 9, 1);
  addAddresses(host, 'up0', 9, 254);
  addRoute(outside, 'default', 9, 254);
  addSockets(draft);
  const userlandProxy = random.chance(0.5);
  host.deviceSysctls.push(`net/ipv4/conf/all/route_localnet = ${userlandProxy ? 0 : 1}`);
  const published = random.some([8080, 30080, 443], random.int(1, 2)).map((port) => ({
    port,
    network: random.int(0, networks.length - 1),
    to: random.pick([80, 8080]),
    protocol: random.pick(['tcp', 'udp']),
  }));
  for (const { port } of published) draft.targets.push({ family: 'ipv4', address: '10.9.0.254', port });
  const list = random.pick([host.iptablesLegacy, host.iptablesNft]);
  list.push(
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    `-A OUTPUT${userlandProxy ? ' ! -d 127.0.0.0/8' : ''} -m addrtype --dst-type LOCAL -j DOCKER`,
    ...networks.map((bridge, i) => `-A POSTROUTING -s 10.${i + 1}.0.0/24 ! -o ${bridge} -j MASQUERADE`),
    ...published.map(
      ({ network, to, protocol }) =>
        `-A POSTROUTING -s 10.${network + 1}.0.1/32 -d 10.${network + 1}.0.1/32 -p ${protocol} -m ${protocol} --dport ${to} -j MASQUERADE`,
    ),
    ...networks.map((bridge) => `-A DOCKER -i ${bridge} -j RETURN`),
    ...published.map(
      ({ port, network, to, protocol }) =>
        `-A DOCKER ! -i ${networks[network]} -p ${protocol} -m ${protocol} --dport ${port} -j DNAT --to-destination 10.${network + 1}.0.1:${to}`,
    ),
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    `:FORWARD ${random.chance(0.8) ? 'DROP' : 'ACCEPT'} [0:0]`,
    ':OUTPUT ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    ':DOCKER-ISOLATION-STAGE-1 - [0:0]',
    ':DOCKER-ISOLATION-STAGE-2 - [0:0]',
    ':DOCKER-USER - [0:0]',
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
    ...networks.flatMap((bridge) => [
      `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${bridge} -j DOCKER`,
      `-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`,
      `-A FORWARD -i ${bridge} -o ${bridge} -j ${random.pick(['ACCEPT', 'ACCEPT', 'DROP'])}`,
    ]),
    ...published.map(
      ({ network, to, protocol }) =>
        `-A DOCKER -d 10.${network + 1}.0.1/32 ! -i ${networks[network]} -o ${networks[network]} -p ${protocol} -m ${protocol} --dport ${to} -j ACCEPT`,
    ),
    ...networks.map((bridge) => `-A DOCKER-ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2`),
    '-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
    ...networks.map((bridge) => `-A DOCKER-ISOLATION-STAGE-2 -o ${bridge} -j DROP`),
    '-A DOCKER-ISOLATION-STAGE-2 -j RETURN',
    ...(random.chance(0.3) ? ['-A DOCKER-USER -s 10.9.0.1/32 -p udp -j DROP'] : []),
    '-A DOCKER-USER -j RETURN',
    'COMMIT',
  );
}
