/** Firewall rules and connection tracking. */
import type { CodeEntries } from './entry.ts';

export const RULES = {
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
} as const satisfies CodeEntries;
