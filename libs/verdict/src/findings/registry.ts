/**
 * The registry of finding codes. Codes are stable: they are never renamed or reused.
 * Every code has a page in docs/findings/ (a test compares the two) and a test that injects its fault.
 * `params` are the names that `text` uses.
 */
import type { Severity } from './finding.ts';

interface CodeEntry {
  readonly severity: Severity;
  /** One line, for lists. */
  readonly title: { readonly en: string; readonly zh: string };
  /** A sentence for a reader who has never heard of netfilter; `{name}` is replaced from the finding's params. */
  readonly text: { readonly en: string; readonly zh: string };
  readonly params: readonly string[];
}

export const FINDING_CODES = {
  'NV-FILTER-DROP': {
    severity: 'blocking',
    title: { en: 'A firewall rule drops the packets', zh: '防火墙规则丢弃了数据包' },
    text: {
      en: '{where} throws the packets away: rule {rule} of chain {chain} ({tool}, table {table}).',
      zh: '{where} 上的一条防火墙规则丢弃了数据包({tool} {table} 表 {chain} 链第 {rule} 条)。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-FILTER-POLICY-DROP': {
    severity: 'blocking',
    title: { en: 'A chain drops whatever no rule allows', zh: '链的默认策略丢弃了数据包' },
    text: {
      en: '{where} throws the packets away: no firewall rule of chain {chain} ({tool}, table {table}) allows them, and what no rule allows is dropped there (its policy is DROP).',
      zh: '{where} 丢弃了数据包:{tool} {table} 表 {chain} 链中没有规则放行它们,而该链的默认策略是 DROP。',
    },
    params: ['where', 'chain', 'table', 'tool'],
  },
  'NV-FILTER-REJECT': {
    severity: 'blocking',
    title: { en: 'A firewall rule rejects the packets', zh: '防火墙规则拒绝了数据包' },
    text: {
      en: '{where} rejects the packets with {with}: firewall rule {rule} of chain {chain} ({tool}, table {table}).',
      zh: '{where} 上的一条规则以 {with} 拒绝了数据包({tool} {table} 表 {chain} 链第 {rule} 条)。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool', 'with'],
  },
  'NV-FILTER-RPFILTER': {
    severity: 'blocking',
    title: {
      en: 'A rule drops packets whose sender it would answer another way',
      zh: '规则丢弃了返回路径不同的数据包',
    },
    text: {
      en: '{where} drops packets from {address}: rule {rule} of chain {chain} ({tool}, table {table}) lets in only what comes by the device that leads back to its sender.',
      zh: '{where} 丢弃来自 {address} 的数据包:{tool} {table} 表 {chain} 链第 {rule} 条规则只放行从返回发送者的设备进入的数据包。',
    },
    params: ['where', 'address', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-SET-LISTS': {
    severity: 'blocking',
    title: { en: 'An address list bans the packets', zh: '地址集合禁止了数据包' },
    text: {
      en: '{where} throws the packets away since the address set {set} lists {address} (entry {entry}): rule {rule} of chain {chain} ({tool}, table {table}) asks it.',
      zh: '{where} 丢弃了数据包,因为地址集合 {set} 包含 {address}(条目 {entry}):{tool} {table} 表 {chain} 链第 {rule} 条规则使用该集合。',
    },
    params: ['where', 'set', 'address', 'entry', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-SET-LACKS': {
    severity: 'blocking',
    title: { en: 'An address list does not hold the address', zh: '地址集合中没有该地址' },
    text: {
      en: '{where} throws the packets away since the address set {set} does not list {address}: rule {rule} of chain {chain} ({tool}, table {table}) lets only its members pass.',
      zh: '{where} 丢弃了数据包,因为地址集合 {set} 不包含 {address}:{tool} {table} 表 {chain} 链第 {rule} 条规则只放行集合成员。',
    },
    params: ['where', 'set', 'address', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-RULE-SHADOWED': {
    severity: 'blocking',
    title: { en: 'A rule drops before the one that accepts is asked', zh: '丢弃规则排在放行规则之前' },
    text: {
      en: '{where} throws the packets away: rule {rule} of chain {chain} ({tool}, table {table}) drops them before rule {later}, which would accept them, is asked.',
      zh: '{where} 丢弃了数据包:{tool} {table} 表 {chain} 链第 {rule} 条规则先丢弃了它们,本会放行它们的第 {later} 条规则没有机会生效。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool', 'later'],
  },
  'NV-CONNTRACK-INVALID': {
    severity: 'blocking',
    title: { en: 'The packets belong to no known connection', zh: '数据包不属于任何已知连接' },
    text: {
      en: '{where} drops the packets as INVALID: they belong to no connection that it knows, and rule {rule} of chain {chain} ({tool}, table {table}) drops such packets.',
      zh: '{where} 把数据包当作 INVALID 丢弃:它们不属于任何已知连接,而 {tool} {table} 表 {chain} 链第 {rule} 条规则丢弃这样的数据包。',
    },
    params: ['where', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-PATH-ASYMMETRIC': {
    severity: 'blocking',
    title: { en: 'There and back go different ways past a firewall', zh: '往返路径不同且经过防火墙' },
    text: {
      en: '{where} sees one direction of the connection only (there: {there}; back: {back}), takes its packets for INVALID, and rule {rule} of chain {chain} ({tool}, table {table}) drops them.',
      zh: '{where} 只看到连接的一个方向(去:{there};回:{back}),把数据包当作 INVALID,{tool} {table} 表 {chain} 链第 {rule} 条规则丢弃了它们。',
    },
    params: ['where', 'there', 'back', 'rule', 'chain', 'table', 'tool'],
  },
  'NV-CONNTRACK-STALE': {
    severity: 'blocking',
    title: { en: 'An old connection entry leads to an address that is gone', zh: '旧的连接记录指向失效的地址' },
    text: {
      en: '{where} remembers an old connection that sends packets for {asked} to {address}, which nobody answers for: new rules do not count for it.',
      zh: '{where} 记着一条旧连接,把发往 {asked} 的数据包转到 {address},而那里已无人应答:新规则对它不起作用。',
    },
    params: ['where', 'asked', 'address'],
  },
  'NV-CONNTRACK-FULL': {
    severity: 'suspicious',
    title: { en: 'The table of connections is full', zh: '连接跟踪表已满' },
    text: {
      en: 'The table of connections of {where} is full ({count} of {max}): new ones are dropped unless an unanswered one makes room ({what}).',
      zh: '{where} 的连接跟踪表已满({count}/{max}):除非有未应答的条目可被替换,新连接会被丢弃({whatZh})。',
    },
    params: ['where', 'count', 'max', 'what', 'whatZh'],
  },
  'NV-NAT-CLASH': {
    severity: 'blocking',
    title: { en: 'No port is left to translate the connection to', zh: '地址转换没有可用端口' },
    text: {
      en: '{where} can give the connection no source of its own: {translated} is what its rules allow, and another connection to {to} has it. Every new connection is dropped as long as that one lives.',
      zh: '{where} 无法为该连接分配独立的源:规则只允许 {translated},而它已被另一条到 {to} 的连接占用。在那条连接结束之前,新连接都会被丢弃。',
    },
    params: ['where', 'translated', 'to'],
  },
  'NV-SERVICE-NO-ENDPOINTS': {
    severity: 'blocking',
    title: { en: 'The Service has no endpoints', zh: 'Service 没有可用的后端' },
    text: {
      en: 'Service {service} has no ready pods behind it, so {where} turns away every connection to {address}.',
      zh: 'Service {service} 后面没有就绪的 Pod,因此 {where} 会拒绝所有发往 {address} 的连接。',
    },
    params: ['service', 'where', 'address'],
  },
  'NV-SERVICE-PORT-UNKNOWN': {
    severity: 'blocking',
    title: { en: 'The Service has no such port', zh: 'Service 没有这个端口' },
    text: {
      en: '{address} belongs to Service {service}, which has no port {port}/{protocol}; its ports are: {ports}. Nothing takes the packets, so they leave the node and are lost.',
      zh: '{address} 属于 Service {service},但该 Service 没有端口 {port}/{protocol};它的端口有:{ports}。没有规则接收这些数据包,于是它们离开节点后丢失。',
    },
    params: ['service', 'address', 'port', 'protocol', 'ports'],
  },
  'NV-SERVICE-NOT-PROGRAMMED': {
    severity: 'blocking',
    title: { en: 'The node does not know the Service', zh: '节点上没有该 Service 的转发规则' },
    text: {
      en: '{where} has no rule for Service {service} ({address} port {port}), although the Service exists: kube-proxy has not written it there.',
      zh: '{where} 上没有 Service {service}({address} 端口 {port})的规则,尽管该 Service 存在:kube-proxy 没有写入这些规则。',
    },
    params: ['where', 'service', 'address', 'port'],
  },
  'NV-DNAT-STALE': {
    severity: 'blocking',
    title: { en: 'A Service rule leads to a pod that is gone', zh: 'Service 规则指向已不存在的 Pod' },
    text: {
      en: '{where} sends part of the connections to {address}, an address that no pod has any more: the rules for the Service on {where} are out of date.',
      zh: '{where} 把一部分连接转发到 {address},但已没有 Pod 使用这个地址:{where} 上该 Service 的规则已过期。',
    },
    params: ['where', 'address'],
  },
  'NV-ADDRESS-UNUSED': {
    severity: 'blocking',
    title: { en: 'No pod has this address', zh: '没有 Pod 使用这个地址' },
    text: {
      en: 'No pod has the address {address}: on {where} nobody answers for it.',
      zh: '没有 Pod 使用地址 {address}:在 {where} 上无人应答。',
    },
    params: ['address', 'where'],
  },
  'NV-NO-LISTENER': {
    severity: 'blocking',
    title: { en: 'Nothing listens on the port', zh: '端口上没有进程监听' },
    text: {
      en: 'The packets arrive at {where}, but no process there listens on port {port}/{protocol}, so the connection is refused.',
      zh: '数据包已到达 {where},但那里没有进程监听端口 {port}/{protocol},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol'],
  },
  'NV-ACCEPT-QUEUE-FULL': {
    severity: 'blocking',
    title: { en: 'The listening program does not take connections', zh: '监听程序不接受连接' },
    text: {
      en: '{where} listens on port {port}, but {used} connections wait to be accepted and its queue holds {limit}: new ones are dropped without a word.',
      zh: '{where} 在端口 {port} 上监听,但有 {used} 个连接等待接受,而队列只容纳 {limit} 个:新连接被静默丢弃。',
    },
    params: ['where', 'port', 'used', 'limit'],
  },
  'NV-RECEIVE-BUFFER-FULL': {
    severity: 'blocking',
    title: { en: 'The program does not read what it is sent', zh: '程序不读取收到的数据' },
    text: {
      en: '{where} has a socket on UDP port {port}, but {used} bytes wait in its receive buffer of {limit}: more are dropped without a word.',
      zh: '{where} 的 UDP 端口 {port} 有套接字,但其 {limit} 字节的接收缓冲区中已有 {used} 字节等待读取:更多的数据被静默丢弃。',
    },
    params: ['where', 'port', 'used', 'limit'],
  },
  'NV-LISTENER-LOOPBACK-ONLY': {
    severity: 'blocking',
    title: { en: 'The process listens on the loopback address only', zh: '进程只监听回环地址' },
    text: {
      en: "A process of {where} listens on port {port}/{protocol}, but only on {address}, which is reachable from inside {where} alone. It has to listen on 0.0.0.0 (or the pod's address).",
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {address},这个地址只能从 {where} 内部访问。需要改为监听 0.0.0.0(或 Pod 的地址)。',
    },
    params: ['where', 'port', 'protocol', 'address'],
  },
  'NV-LISTENER-OTHER-ADDRESS': {
    severity: 'blocking',
    title: { en: 'The process listens on another address', zh: '进程监听的是另一个地址' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but only on {address}; the packets come to {asked}, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {address};数据包发往 {asked},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'address', 'asked'],
  },
  'NV-LISTENER-OTHER-FAMILY': {
    severity: 'blocking',
    title: { en: 'The process listens on the other IP version only', zh: '进程只监听另一个 IP 版本' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but on {has} only; the packets come by {asked}, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只监听 {has};数据包使用 {asked},因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'has', 'asked'],
  },
  'NV-LISTENER-OTHER-DEVICE': {
    severity: 'blocking',
    title: { en: 'The process listens on another device only', zh: '进程只在另一个设备上监听' },
    text: {
      en: 'A process of {where} listens on port {port}/{protocol}, but takes only what comes in by {dev}; these packets come by another device, so the connection is refused.',
      zh: '{where} 中有进程监听端口 {port}/{protocol},但只接收从 {dev} 进入的数据包;这些数据包从其他设备进入,因此连接被拒绝。',
    },
    params: ['where', 'port', 'protocol', 'dev'],
  },
  'NV-LISTENER-OTHER-PEER': {
    severity: 'blocking',
    title: { en: 'The socket hears one peer only', zh: '套接字只接收一个对端的数据' },
    text: {
      en: '{where} has a socket on port {port}/{protocol}, but it is connected to {peer} and hears nobody else.',
      zh: '{where} 在端口 {port}/{protocol} 上有套接字,但它已连接到 {peer},不接收其他来源的数据。',
    },
    params: ['where', 'port', 'protocol', 'peer'],
  },
  'NV-LINK-DOWN': {
    severity: 'blocking',
    title: { en: 'A network device is switched off', zh: '网络设备未启用' },
    text: {
      en: 'The network device {dev} of {where} is down, and the packets have to pass it.',
      zh: '{where} 的网络设备 {dev} 处于关闭状态,而数据包必须经过它。',
    },
    params: ['dev', 'where'],
  },
  'NV-LINK-NO-CARRIER': {
    severity: 'blocking',
    title: { en: 'A network device has no connection', zh: '网络设备没有链路' },
    text: {
      en: 'The network device {dev} of {where} is on but has no connection (no carrier): its other end is missing or down.',
      zh: '{where} 的网络设备 {dev} 没有链路信号:对端不存在或已关闭。',
    },
    params: ['dev', 'where'],
  },
  'NV-BRIDGE-PORT-BLOCKED': {
    severity: 'blocking',
    title: { en: 'A bridge port does not forward', zh: '网桥端口不转发' },
    text: {
      en: 'Port {dev} of a bridge on {where} is {state}, so it passes no packets.',
      zh: '{where} 上网桥的端口 {dev} 状态为 {state},不转发数据包。',
    },
    params: ['dev', 'where', 'state'],
  },
  'NV-PORT-ISOLATED': {
    severity: 'blocking',
    title: { en: 'Two bridge ports are kept apart', zh: '两个网桥端口被隔离' },
    text: {
      en: 'Port {dev} of a bridge on {where} is isolated, and so is the other one: isolated ports pass each other no packets.',
      zh: '{where} 上网桥的端口 {dev} 与另一个端口都被设为隔离:隔离端口之间不转发数据包。',
    },
    params: ['dev', 'where'],
  },
  'NV-BRIDGE-FLOOD-OFF': {
    severity: 'blocking',
    title: { en: 'A bridge port does not get what the bridge cannot place', zh: '网桥端口不接收泛洪流量' },
    text: {
      en: 'Port {dev} of a bridge on {where} has {kind} off: frames for addresses that the bridge does not know yet (and questions for them) are not sent there.',
      zh: '{where} 上网桥的端口 {dev} 关闭了 {kind}:网桥不会把未知地址的帧(以及询问它们的请求)发往那里。',
    },
    params: ['dev', 'where', 'kind'],
  },
  'NV-HAIRPIN-OFF': {
    severity: 'blocking',
    title: {
      en: 'The bridge does not send packets back to the pod they came from',
      zh: '网桥不会把数据包送回其来源 Pod',
    },
    text: {
      en: 'The pod reaches itself through a Service, so {where} has to send the packets back out of the port {dev} that they came in by; hairpin mode is off there.',
      zh: 'Pod 通过 Service 访问自身,{where} 必须把数据包从进入的端口 {dev} 送回去,但该端口不允许这样做(没有启用 hairpin)。',
    },
    params: ['where', 'dev'],
  },
  'NV-NO-ROUTE': {
    severity: 'blocking',
    title: { en: 'There is no route', zh: '没有路由' },
    text: {
      en: '{where} does not know where to send packets for {address}: its routing table has no route to it.',
      zh: '{where} 不知道该把发往 {address} 的数据包送到哪里:路由表中没有对应的路由。',
    },
    params: ['where', 'address'],
  },
  'NV-ROUTE-MISSING': {
    severity: 'blocking',
    title: { en: "The route to a node's pods is missing", zh: '缺少通往某节点 Pod 的路由' },
    text: {
      en: '{where} lacks the route to {cidr}, the pods of {owner}; packets for {address} take another way and are lost.',
      zh: '{where} 缺少通往 {cidr}({owner} 的 Pod 网段)的路由;发往 {address} 的数据包走了别的路径并丢失。',
    },
    params: ['where', 'cidr', 'owner', 'address'],
  },
  'NV-ROUTE-WRONG-GATEWAY': {
    severity: 'blocking',
    title: { en: 'A route leads to the wrong gateway', zh: '路由的网关错误' },
    text: {
      en: '{where} sends packets for {cidr} (the pods of {owner}) to {actual}; they should go to {expected}.',
      zh: '{where} 把发往 {cidr}({owner} 的 Pod 网段)的数据包交给 {actual},而正确的网关是 {expected}。',
    },
    params: ['where', 'cidr', 'owner', 'actual', 'expected'],
  },
  'NV-ROUTE-WRONG-DEVICE': {
    severity: 'blocking',
    title: { en: 'A route uses the wrong network device', zh: '路由使用了错误的网络设备' },
    text: {
      en: '{where} sends packets for {cidr} out by {actual}; they should go by {expected}.',
      zh: '{where} 把发往 {cidr} 的数据包从 {actual} 发出,而应当走 {expected}。',
    },
    params: ['where', 'cidr', 'actual', 'expected'],
  },
  'NV-ROUTE-REFUSES': {
    severity: 'blocking',
    title: { en: 'A route refuses the packets', zh: '路由拒绝了数据包' },
    text: {
      en: 'The routing table of {where} says "{type}" for {address}: the packets are refused there on purpose.',
      zh: '{where} 的路由表对 {address} 的设置是 "{type}":数据包被有意拒绝。',
    },
    params: ['where', 'type', 'address'],
  },
  'NV-POLICY-RULE-REFUSES': {
    severity: 'blocking',
    title: { en: 'A policy rule refuses the packets', zh: '策略路由规则拒绝了数据包' },
    text: {
      en: 'A policy rule of {where} (ip rule, priority {rule}) says "{type}" for packets to {address}, before any routing table is asked.',
      zh: '{where} 的策略路由规则(ip rule,优先级 {rule})对发往 {address} 的数据包设置为 "{type}",不再查询任何路由表。',
    },
    params: ['where', 'rule', 'type', 'address'],
  },
  'NV-MULTIPATH-HOP-DEAD': {
    severity: 'blocking',
    title: { en: 'One of several next hops leads nowhere', zh: '多个下一跳中有一个失效' },
    text: {
      en: '{where} spreads packets for {cidr} over {count} next hops, and {hop} of them leads nowhere: the connections that fall to it are lost.',
      zh: '{where} 把发往 {cidr} 的数据包分散到 {count} 个下一跳,其中 {hop} 已失效:落到它上面的连接会丢失。',
    },
    params: ['where', 'cidr', 'count', 'hop'],
  },
  'NV-SOURCE-NOT-AVAILABLE': {
    severity: 'blocking',
    title: { en: 'The sender has no such address to send from', zh: '发送方没有可用的源地址' },
    text: {
      en: '{where} cannot send to {address}: {why}.',
      zh: '{where} 无法向 {address} 发送:{whyZh}。',
    },
    params: ['where', 'address', 'why', 'whyZh'],
  },
  'NV-LOOP': {
    severity: 'blocking',
    title: { en: 'The packets go round in circles', zh: '数据包在环路中打转' },
    text: {
      en: 'Packets for {address} come back to {where} again and again until they expire.',
      zh: '发往 {address} 的数据包反复回到 {where},直到过期被丢弃。',
    },
    params: ['address', 'where'],
  },
  'NV-TTL-EXPIRED': {
    severity: 'blocking',
    title: { en: 'The packets may not travel that far', zh: '数据包的跳数不足' },
    text: {
      en: 'The packets for {address} expire at {where}: they were given too few hops (TTL).',
      zh: '发往 {address} 的数据包在 {where} 过期:给它们的跳数(TTL)太少。',
    },
    params: ['address', 'where'],
  },
  'NV-NEIGHBOUR-UNRESOLVED': {
    severity: 'blocking',
    title: { en: 'Nobody answers for the next hop', zh: '下一跳无人应答' },
    text: {
      en: '{where} has to hand the packets to {address} on {dev}, but has no hardware (MAC) address for it and nobody there answers.',
      zh: '{where} 要把数据包交给 {dev} 上的 {address},但没有它的硬件(MAC)地址,也无人应答。',
    },
    params: ['where', 'address', 'dev'],
  },
  'NV-NEIGHBOUR-WRONG': {
    severity: 'blocking',
    title: { en: 'A neighbour entry names the wrong hardware address', zh: '邻居表项的硬件地址错误' },
    text: {
      en: "{where} sends packets for {address} to the hardware (MAC) address {mac} on {dev}, which is not that host's.",
      zh: '{where} 在 {dev} 上把发往 {address} 的数据包送到硬件(MAC)地址 {mac},但那不是目标主机的地址。',
    },
    params: ['where', 'address', 'mac', 'dev'],
  },
  'NV-ARP-IGNORED': {
    severity: 'blocking',
    title: { en: 'A host does not answer for its own address', zh: '主机不为自己的地址应答' },
    text: {
      en: '{where} has the address {address}, but does not answer when {dev} is asked for its hardware (MAC) address ({sysctl} is set), so nobody can send to it.',
      zh: '{where} 拥有地址 {address},但在 {dev} 上被询问硬件(MAC)地址时不应答(设置了 {sysctl}),因此无人能向它发送。',
    },
    params: ['where', 'address', 'dev', 'sysctl'],
  },
  'NV-FDB-MISSING': {
    severity: 'blocking',
    title: { en: 'The tunnel does not know the other node', zh: '隧道不知道对端节点' },
    text: {
      en: 'The tunnel {dev} of {where} has no entry that says which node has {mac} ({owner}), so the packets are dropped.',
      zh: '{where} 的隧道 {dev} 没有表项说明 {mac}({owner})在哪个节点上,数据包被丢弃。',
    },
    params: ['dev', 'where', 'mac', 'owner'],
  },
  'NV-FDB-WRONG-NODE': {
    severity: 'blocking',
    title: { en: 'The tunnel sends packets to the wrong node', zh: '隧道把数据包送到了错误的节点' },
    text: {
      en: 'The tunnel {dev} of {where} sends packets for {owner} to {actual}; they should go to {expected}.',
      zh: '{where} 的隧道 {dev} 把发往 {owner} 的数据包送到 {actual},而正确的地址是 {expected}。',
    },
    params: ['dev', 'where', 'owner', 'actual', 'expected'],
  },
  'NV-VXLAN-VNI-MISMATCH': {
    severity: 'blocking',
    title: { en: 'The two ends of the tunnel use different network numbers', zh: '隧道两端的网络编号不同' },
    text: {
      en: 'Tunnel packets arrive at {where} with network number (VNI) {vni}, but its tunnel device {dev} has {actual}: they are dropped.',
      zh: '隧道数据包以网络编号(VNI){vni} 到达 {where},但其隧道设备 {dev} 的编号是 {actual},因此被丢弃。',
    },
    params: ['where', 'vni', 'dev', 'actual'],
  },
  'NV-VXLAN-DEVICE-MISSING': {
    severity: 'blocking',
    title: { en: 'The other end of the tunnel is missing', zh: '隧道的另一端不存在' },
    text: {
      en: 'Tunnel packets arrive at {where} on udp/{port}, but no tunnel device takes them there.',
      zh: '隧道数据包经 udp/{port} 到达 {where},但那里没有隧道设备接收。',
    },
    params: ['where', 'port'],
  },
  'NV-IP-FORWARD-OFF': {
    severity: 'blocking',
    title: { en: 'The host does not pass packets on', zh: '主机不转发数据包' },
    text: {
      en: '{where} does not pass on packets for others (the switch {sysctl} of its kernel is 0), and this one is for {address}.',
      zh: '{where} 不替别人转发数据包(内核开关 {sysctl} 为 0),而这个数据包是发往 {address} 的。',
    },
    params: ['where', 'sysctl', 'address'],
  },
  'NV-RP-FILTER': {
    severity: 'blocking',
    title: { en: 'The host drops packets that come in by an unexpected device', zh: '主机丢弃从意外设备进入的数据包' },
    text: {
      en: '{where} drops packets from {address} that come in by {dev}, since its own route back to {address} uses {expected} ({sysctl} = {mode}).',
      zh: '{where} 丢弃从 {dev} 进入的、来自 {address} 的数据包,因为它返回 {address} 的路由走 {expected}({sysctl} = {mode})。',
    },
    params: ['where', 'address', 'dev', 'expected', 'sysctl', 'mode'],
  },
  'NV-MARTIAN': {
    severity: 'blocking',
    title: { en: 'The host drops packets with an impossible address', zh: '主机丢弃地址不合理的数据包' },
    text: {
      en: '{where} drops the packets that come in by {dev}: {why}.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:{whyZh}。',
    },
    params: ['where', 'dev', 'why', 'whyZh'],
  },
  'NV-LOOPBACK-FROM-OUTSIDE': {
    severity: 'blocking',
    title: { en: 'The host takes no loopback addresses from outside', zh: '主机不接受来自外部的回环地址' },
    text: {
      en: '{where} drops the packets that come in by {dev}: {why}, which may stay inside a host only.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:{whyZh},这样的地址只能在主机内部使用。',
    },
    params: ['where', 'dev', 'why', 'whyZh'],
  },
  'NV-SOURCE-IS-OWN': {
    severity: 'blocking',
    title: { en: "The packets carry the receiving host's own address", zh: '数据包的源地址是接收主机自己的地址' },
    text: {
      en: '{where} drops the packets that come in by {dev}: their source {address} is one of its own addresses, and it did not send them.',
      zh: '{where} 丢弃从 {dev} 进入的数据包:源地址 {address} 是它自己的地址,而它没有发送过这些数据包。',
    },
    params: ['where', 'dev', 'address'],
  },
  'NV-ECHO-IGNORED': {
    severity: 'blocking',
    title: { en: 'The host ignores pings', zh: '主机不回应 ping' },
    text: {
      en: '{where} is set to ignore echo requests; other connections are not affected.',
      zh: '{where} 被设置为忽略 ping 请求;其他连接不受影响。',
    },
    params: ['where'],
  },
  'NV-MTU-EXCEEDED': {
    severity: 'blocking',
    title: { en: 'The packets are too big for the path', zh: '数据包超过路径允许的大小' },
    text: {
      en: 'Packets of {size} bytes do not fit {dev} of {where}, which takes {limit}, and they may not be cut into pieces. Smaller packets pass.',
      zh: '{size} 字节的数据包超过 {where} 的 {dev} 所允许的 {limit} 字节,且不允许分片。较小的数据包可以通过。',
    },
    params: ['size', 'dev', 'where', 'limit'],
  },
  'NV-ROUTE-MTU': {
    severity: 'blocking',
    title: { en: 'A route allows smaller packets only', zh: '路由只允许较小的数据包' },
    text: {
      en: 'Packets of {size} bytes are too big for the route to {cidr} of {where}, which is set to {limit}, and they may not be cut into pieces. Smaller packets pass.',
      zh: '{size} 字节的数据包超过 {where} 通往 {cidr} 的路由所设的 {limit} 字节,且不允许分片。较小的数据包可以通过。',
    },
    params: ['size', 'cidr', 'where', 'limit'],
  },
  'NV-MTU-FAR-END': {
    severity: 'blocking',
    title: { en: 'The other end of a link takes smaller packets only', zh: '链路对端只接收较小的数据包' },
    text: {
      en: 'Packets of {size} bytes are sent over a link whose other end, {dev} of {where}, takes {limit}: it throws them away without a word. Smaller packets pass.',
      zh: '{size} 字节的数据包所经链路的对端({where} 的 {dev})只接收 {limit} 字节:它会静默丢弃这些数据包。较小的数据包可以通过。',
    },
    params: ['size', 'dev', 'where', 'limit'],
  },
  'NV-MTU-ERROR-LOST': {
    severity: 'degrading',
    title: { en: 'The sender is not told that its packets are too big', zh: '发送方收不到数据包过大的通知' },
    text: {
      en: '{where} tells the sender that only packets of {limit} bytes pass, but the message (ICMP) is lost on its way back: the sender goes on with big ones and hangs.',
      zh: '{where} 会通知发送方只能通过 {limit} 字节的数据包,但该通知(ICMP)在返回途中丢失:发送方继续发送大包并卡住。',
    },
    params: ['where', 'limit'],
  },
  'NV-MASQUERADE-MISSING': {
    severity: 'blocking',
    title: { en: "The pod's address is not replaced on the way out", zh: '出站时没有替换 Pod 的地址' },
    text: {
      en: "Packets leave {where} for {address} with the pod's own address {source}. Nobody outside the cluster can answer that address: the rule that replaces it by the node's (masquerade) is missing or does not match.",
      zh: '发往 {address} 的数据包以 Pod 自己的地址 {source} 离开 {where}。集群外部无法回应这个地址:缺少替换地址的规则(masquerade),或规则不匹配。',
    },
    params: ['where', 'address', 'source'],
  },
  'NV-OUTSIDE-NO-ROUTE': {
    severity: 'blocking',
    title: { en: 'The network outside cannot reach this address', zh: '集群外部网络无法到达这个地址' },
    text: {
      en: '{address} exists only inside the cluster: the network outside has no route to it. From outside, use a NodePort, a LoadBalancer or an Ingress.',
      zh: '{address} 只存在于集群内部:外部网络没有到它的路由。从外部访问请使用 NodePort、LoadBalancer 或 Ingress。',
    },
    params: ['address'],
  },
  'NV-REPLY-UNTRANSLATED': {
    severity: 'blocking',
    title: { en: 'The answer comes from an unexpected address', zh: '应答来自意外的地址' },
    text: {
      en: 'The answer reaches the source as {actual}, but it was waiting for one from {expected}: the answer bypasses the node that replaced the address.',
      zh: '应答以 {actual} 到达来源,但来源等待的是 {expected} 的应答:应答绕过了替换地址的节点。',
    },
    params: ['actual', 'expected'],
  },
  'NV-DELIVERED-TO-OTHER': {
    severity: 'blocking',
    title: { en: 'The packets end at the wrong host', zh: '数据包到达了错误的主机' },
    text: {
      en: 'The packets for {address} end at {where}, which is not meant to have them.',
      zh: '发往 {address} 的数据包到达了 {where},但它不是目标。',
    },
    params: ['address', 'where'],
  },
  'NV-ANSWERED-BY-OTHER': {
    severity: 'degrading',
    title: { en: 'Somebody else answers', zh: '应答者不是目标' },
    text: {
      en: 'Connections to {address} are answered by {where} instead of {expected}.',
      zh: '到 {address} 的连接由 {where} 应答,而不是 {expected}。',
    },
    params: ['address', 'where', 'expected'],
  },
  'NV-NAT-NO-SOURCE': {
    severity: 'blocking',
    title: { en: 'The node has no address to send with', zh: '节点没有可用的出口地址' },
    text: {
      en: "{where} has to replace the packets' source address by its own (masquerade), but its device {dev} has none to give.",
      zh: '{where} 需要用自己的地址替换数据包的源地址,但设备 {dev} 没有可用的地址。',
    },
    params: ['where', 'dev'],
  },
  'NV-NODE-UNREADABLE': {
    severity: 'suspicious',
    title: { en: 'A node on the path could not be read', zh: '路径上的某个节点无法读取' },
    text: {
      en: 'The path goes through {node}, whose state could not be read: {reason}.',
      zh: '路径经过 {node},但无法读取它的状态:{reason}。',
    },
    params: ['node', 'reason'],
  },
  'NV-NOT-COLLECTED': {
    severity: 'suspicious',
    title: { en: 'Part of the path was not read', zh: '路径的一部分没有读取' },
    text: {
      en: 'The path goes on to {place}, which was not read.',
      zh: '路径继续通往 {place},但没有读取它的状态。',
    },
    params: ['place'],
  },
  'NV-UNKNOWN-DECIDES': {
    severity: 'suspicious',
    title: { en: 'Something that is not known decides', zh: '结果取决于未知的信息' },
    text: {
      en: 'Whether the packets pass {where} cannot be told: {what}.',
      zh: '无法判断数据包能否通过 {where}:{whatZh}。',
    },
    params: ['where', 'what', 'whatZh'],
  },
  'NV-UNEXAMINED': {
    severity: 'info',
    title: { en: 'Not every way was examined', zh: '并非所有路径都已检查' },
    text: {
      en: '{percent} % of the ways that the connection can take were not examined.',
      zh: '连接可能走的路径中有 {percent} % 没有检查。',
    },
    params: ['percent'],
  },
} as const satisfies Record<`NV-${string}`, CodeEntry>;

export type FindingCode = keyof typeof FINDING_CODES;
