/** A namespace that looks like a Flannel node, and one of its pods: every link, route and rule form that the model reads. */
import { batch, type Scratch, scratchNamespace } from './scratch.ts';

export interface FlannelNode {
  readonly node: Scratch;
  readonly pod: Scratch;
  remove(): void;
}

export function flannelNode(): FlannelNode {
  const node = scratchNamespace('node');
  const pod = scratchNamespace('pod');
  const remove = (): void => {
    node.remove();
    pod.remove();
  };
  try {
    program(node, pod);
  } catch (error) {
    remove();
    throw error;
  }
  return { node, pod, remove };
}

function program(node: Scratch, pod: Scratch): void {
  node.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.default.accept_dad=0']);
  batch(node, [
    'link add eth0 address 02:00:00:00:00:0b type veth peer name uplink',
    'addr add 172.18.0.11/24 brd + dev eth0',
    'link set eth0 up',
    'link set uplink up',
    'link add cni0 address 02:00:00:00:01:01 type bridge',
    'addr add 10.244.1.1/24 brd + dev cni0',
    'addr add fd00:10:244:1::1/64 dev cni0',
    'link set cni0 up',
    `link add veth1 type veth peer name eth0 netns ${pod.name}`,
    'link set veth1 master cni0 up',
    'link set veth1 type bridge_slave hairpin on isolated on',
    'link add flannel.1 mtu 1450 type vxlan id 1 local 172.18.0.11 dev eth0 dstport 8472 nolearning',
    'addr add 10.244.1.0/32 dev flannel.1',
    'link set flannel.1 up',
    'link add vx6 type vxlan id 2 remote fd00::7 dstport 4789',
    'link add vxext type vxlan external dstport 4790',
    'link add mv0 link eth0 type macvlan mode bridge',
    'tuntap add dev tun0 mode tun',
    'tuntap add dev tap0 mode tap',
    'addr add 10.99.1.1 peer 10.99.1.2/32 dev tun0',
    'route add default via 172.18.0.1',
    'route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
    'neigh add 10.244.2.0 lladdr 02:00:00:00:0f:02 dev flannel.1 nud permanent',
    'neigh add proxy 10.244.9.9 dev cni0',
    'neigh add proxy fd00::99 dev cni0',
    'neigh add 172.18.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent',
    'route add blackhole 10.99.0.0/16',
    'route add unreachable 10.98.0.0/16 metric 5',
    'route add prohibit 10.97.0.0/16',
    'route add throw 10.96.99.0/24 table 100',
    'route add 10.50.0.0/16 nexthop via 172.18.0.2 dev eth0 weight 2 nexthop via 172.18.0.3 dev eth0 weight 1',
    'route add 10.51.0.0/16 via 172.18.0.4 dev eth0 mtu 1400 advmss 1300 src 172.18.0.11 metric 50 proto bird',
    'route add 10.52.0.0/16 via 172.18.0.4 dev eth0 mtu 1300 table 100 tos 0x10',
    'nexthop add id 7 via 172.18.0.5 dev eth0',
    'nexthop add id 8 via 172.18.0.6 dev eth0',
    'nexthop add id 9 group 7,3/8',
    'route add 10.53.0.0/16 nhid 7',
    'route add 10.54.0.0/16 nhid 9',
    'route add 10.55.0.0/16 via inet6 fd00:10:244:1::2 dev cni0',
    '-6 route add default via fd00:10:244:1::ff dev cni0',
    '-6 route add fd00:55::/64 nexthop via fd00:10:244:1::fe dev cni0 nexthop via fd00:10:244:1::fd dev cni0 weight 3',
    '-6 route add blackhole fd00:66::/64',
    '-6 route add fd00:77::/64 via fd00:10:244:1::fe dev cni0 mtu 1400 metric 77',
    'rule add pref 100 from 10.244.0.0/16 to 10.0.0.0/8 iif cni0 fwmark 0x4000/0x4000 table 100',
    'rule add pref 101 not from 10.1.0.0/16 ipproto tcp dport 80-90 sport 1024 lookup main suppress_prefixlength 0',
    'rule add pref 102 oif eth0 tos 0x10 goto 32766',
    'rule add pref 103 to 10.77.0.0/16 unreachable',
    'rule add pref 104 uidrange 100-200 blackhole',
    'rule add pref 105 fwmark 0x1 lookup 5000',
    'rule add pref 106 iif gone lookup main',
    '-6 rule add pref 100 from fd00:10::/32 table 200',
  ]);
  node.run([
    'bridge',
    'fdb',
    'append',
    '02:00:00:00:0f:02',
    'dev',
    'flannel.1',
    'dst',
    '172.18.0.12',
    'self',
    'permanent',
  ]);
  batch(pod, [
    'addr add 10.244.1.2/24 brd + dev eth0',
    'addr add fd00:10:244:1::2/64 dev eth0',
    'link set eth0 up',
    'route add default via 10.244.1.1',
  ]);
}
