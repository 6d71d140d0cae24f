/** Shapes of networks: who is linked with whom. The last namespace to be made is the farthest from the first. */
import { addAddresses, addNamespace, addRoute, addVeth, type Draft, type DraftNamespace } from '../draft.ts';

/** a — b */
export function pair(draft: Draft): void {
  const a = addNamespace(draft, 'a', { router: false });
  const b = addNamespace(draft, 'b', { router: false });
  addVeth(a, 'eth0', b, 'eth0');
  addAddresses(a, 'eth0', 1, 1);
  addAddresses(b, 'eth0', 1, 2);
  addRoute(a, 'default', 1, 2);
  addRoute(b, 'default', 1, 1);
}

/** a — r — b, and sometimes c behind r as well. */
export function router(draft: Draft): void {
  const a = addNamespace(draft, 'a', { router: false });
  const r = addNamespace(draft, 'r', { router: true });
  const ends = [a, addNamespace(draft, 'b', { router: false })];
  if (draft.random.chance(0.4)) ends.push(addNamespace(draft, 'c', { router: false }));
  ends.forEach((end, i) => {
    join(draft, end, r, i + 1);
    addRoute(end, 'default', i + 1, 254);
  });
}

/** a — r — s — b; sometimes with a second wire between r and s, by which answers may come back another way. */
export function twoRouters(draft: Draft): void {
  const a = addNamespace(draft, 'a', { router: false });
  const r = addNamespace(draft, 'r', { router: true });
  const s = addNamespace(draft, 's', { router: true });
  const b = addNamespace(draft, 'b', { router: false });
  join(draft, a, r, 1);
  join(draft, b, s, 2);
  addRoute(a, 'default', 1, 254);
  addRoute(b, 'default', 2, 254);
  addVeth(r, 'mid0', s, 'mid0');
  addAddresses(r, 'mid0', 3, 1);
  addAddresses(s, 'mid0', 3, 2);
  const second = draft.random.chance(0.5);
  if (second) {
    addVeth(r, 'mid1', s, 'mid1');
    addAddresses(r, 'mid1', 4, 1);
    addAddresses(s, 'mid1', 4, 2);
  }
  addRoute(r, 2, 3, 2);
  addRoute(s, 1, second && draft.random.chance(0.4) ? 4 : 3, 1);
}

/** A node: bridge with pods a and b, uplink to o. */
export function node(draft: Draft): void {
  const n = addNamespace(draft, 'n', { router: true });
  n.links.push('link add br0 type bridge');
  n.ip.push('link set br0 up');
  const pods = ['a', 'b', 'c']
    .slice(0, draft.random.int(1, 3))
    .map((name) => addNamespace(draft, name, { router: false }));
  pods.forEach((pod, i) => {
    const port = `p${pod.name}`;
    addVeth(n, port, pod, 'eth0');
    n.ip.push(`link set ${port} master br0`);
    addAddresses(pod, 'eth0', 1, i + 1);
    addRoute(pod, 'default', 1, 254);
    n.devices.push({ name: port, subnet: null, host: null });
  });
  addAddresses(n, 'br0', 1, 254);
  const o = addNamespace(draft, 'o', { router: false });
  join(draft, o, n, 2);
  addRoute(o, 'default', 2, 254);
  const call = draft.random.int(0, 1);
  n.sysctls.push(`net/bridge/bridge-nf-call-iptables = ${call}`, `net/bridge/bridge-nf-call-ip6tables = ${call}`);
}

/** Two nodes with a pod each behind a bridge, joined by vxlan over a wire: Flannel's shape. */
export function overlay(draft: Draft): void {
  const { random } = draft;
  const nodes = [1, 2].map((i) => addNamespace(draft, `n${i}`, { router: true }));
  const [n1, n2] = nodes as [DraftNamespace, DraftNamespace];
  addVeth(n1, 'eth0', n2, 'eth0');
  addAddresses(n1, 'eth0', 9, 1);
  addAddresses(n2, 'eth0', 9, 2);
  const vni = 1;
  const port = random.pick([4789, 8472]);
  const learning = random.chance(0.3) ? '' : ' nolearning';
  nodes.forEach((n, i) => {
    const me = i + 1;
    const other = 2 - i;
    const pod = addNamespace(draft, i === 0 ? 'a' : 'b', { router: false });
    n.links.push('link add br0 type bridge');
    n.ip.push('link set br0 up');
    addVeth(n, 'p0', pod, 'eth0');
    n.ip.push('link set p0 master br0');
    n.devices.push({ name: 'p0', subnet: null, host: null });
    addAddresses(n, 'br0', me, 254);
    addAddresses(pod, 'eth0', me, 1);
    addRoute(pod, 'default', me, 254);
    n.links.push(
      `link add vx0 address 02:00:00:00:00:0${me} type vxlan id ${vni} local 10.9.0.${me} dev eth0 dstport ${port}${learning}`,
    );
    n.ip.push(
      'link set vx0 up',
      `address add 10.200.${me}.0/32 dev vx0`,
      `address add fd00:c8:${me}::/128 dev vx0 nodad`,
      `route add 10.${other}.0.0/24 via 10.200.${other}.0 dev vx0 onlink`,
      `neigh add 10.200.${other}.0 lladdr 02:00:00:00:00:0${other} dev vx0 nud permanent`,
      `neigh add fd00:c8:${other}:: lladdr 02:00:00:00:00:0${other} dev vx0 nud permanent`,
    );
    n.ip6.push(`route add fd00:${other}::/64 via fd00:c8:${other}:: dev vx0 onlink`);
    n.bridge.push(`fdb add 02:00:00:00:00:0${other} dev vx0 dst 10.9.0.${other}`);
    n.devices.push({ name: 'vx0', subnet: null, host: null });
  });
}

/** Ends on macvlans over one parent device of a host. */
export function macvlan(draft: Draft): void {
  const h = addNamespace(draft, 'h', { router: true });
  const mode = draft.random.weighted([
    [4, 'bridge'],
    [1, 'private'],
    [2, 'vepa'],
  ] as const);
  const o = addNamespace(draft, 'o', { router: false });
  addAddresses(h, 'eth0', 1, 254);
  if (mode === 'vepa') {
    // What is between two ends of a VEPA is the switch's business: it sends frames back out of the port they came by, or not.
    o.links.push('link add br0 type bridge');
    addVeth(h, 'eth0', o, 'up0');
    o.ip.push('link set br0 up', 'link set up0 master br0');
    o.devices.push({ name: 'up0', subnet: null, host: null });
    addAddresses(o, 'br0', 1, 10);
    if (draft.random.chance(0.6)) o.bridge.push('link set dev up0 hairpin on');
  } else {
    addVeth(h, 'eth0', o, 'eth0');
    addAddresses(o, 'eth0', 1, 10);
  }
  addRoute(o, 'default', 1, 254);
  ['a', 'b'].forEach((name, i) => {
    const end = addNamespace(draft, name, { router: false });
    h.links.push(`link add link eth0 name mv${name} netns {${name}} type macvlan mode ${mode}`);
    end.ip.push(`link set mv${name} up`);
    addAddresses(end, `mv${name}`, 1, i + 1);
    addRoute(end, 'default', 1, 254);
  });
}

/** An end on subnet `subnet` of a router, which has host number 254 there. */
function join(_draft: Draft, end: DraftNamespace, router: DraftNamespace, subnet: number): void {
  const device = `to-${end.name}`;
  addVeth(end, 'eth0', router, device);
  addAddresses(end, 'eth0', subnet, 1);
  addAddresses(router, device, subnet, 254);
}
