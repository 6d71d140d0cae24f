/** iptables-nft rulesets read over netlink are, line for line, what iptables-nft-save prints; what is not known is left to it. */

import { type Helper, startHelper } from '@netverdict/collect';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { kubeProxyRules } from '../testing/kube-proxy-rules.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';

let scratch: Scratch;
let helper: Helper;
beforeEach(() => {
  scratch = scratchNamespace('save');
  helper = startHelper(builtHelper, { info() {}, warn() {} });
});
afterEach(async () => {
  await helper.close();
  scratch.remove();
});

async function bothOf(six = false): Promise<{ ours: string; theirs: string; native: boolean }> {
  const kind = six ? ('ip6tables-nft-save' as const) : ('iptables-nft-save' as const);
  const { sections } = await helper.collect({
    path: scratch.path,
    kinds: [kind],
    flows: [],
    knownPaths: [],
    timeLimitMs: 20_000,
  });
  const [section] = sections;
  if (section === undefined || 'missing' in section) throw new Error(JSON.stringify(section));
  const bare = (text: string): string => text.replace(/^#.*\n/gm, '');
  const made = madeChains(six ? 'ip6' : 'ip');
  const theirs = withoutUnmade(bare(scratch.run([six ? 'ip6tables-nft-save' : 'iptables-nft-save'])), made);
  return { ours: bare(section.text), theirs, native: !section.text.includes('# Not read over netlink') };
}

/** `table CHAIN` of the base chains that are hooked in. */
function madeChains(family: 'ip' | 'ip6'): ReadonlySet<string> {
  const { nftables } = JSON.parse(scratch.run(['nft', '-j', 'list', 'chains', family])) as {
    nftables: readonly { readonly chain?: { readonly table: string; readonly name: string; readonly hook?: string } }[];
  };
  return new Set(nftables.flatMap(({ chain }) => (chain?.hook === undefined ? [] : [`${chain.table} ${chain.name}`])));
}

/** The tool shows base chains that nobody made as they would be; no packet meets them, and the helper does not show them. */
function withoutUnmade(text: string, made: ReadonlySet<string>): string {
  let table = '';
  const kept = text.split('\n').filter((line) => {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) (?:ACCEPT|DROP) /.exec(line)?.[1];
    return chain === undefined || made.has(`${table} ${chain}`);
  });
  return kept.join('\n');
}

const KNOWN = [
  '-A T -j ACCEPT',
  '-A T',
  '-A T -g U',
  '-A T ! -s 10.0.0.0/8 -d 10.1.2.3 -i eth+ ! -o cni0 -p tcp -j DROP',
  '-A T -s 10.0.0.0/13 -d 10.3.0.0/255.255.0.255 -j RETURN',
  '-A T -s 0.0.0.0/1 -j RETURN',
  '-A T ! -p udp -j ACCEPT',
  '-A T -p 47 -j ACCEPT',
  '-A T -p tcp -m tcp --sport 1000:2000 ! --dport 80 -j ACCEPT',
  '-A T -p udp -m udp ! --sport 53 --dport 1:65534 -j ACCEPT',
  '-A T -p tcp -m tcp --dport :1023 -j ACCEPT',
  '-A T -p tcp -m tcp --sport 20000:21000 ! --dport :1023 -j ACCEPT',
  '-A T -p udp -m udp ! --sport 5353: -j ACCEPT',
  '-A T -p tcp -m tcp --syn -j ACCEPT',
  '-A T -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j ACCEPT',
  '-A T -p tcp -m tcp --dport 443 -m comment --comment "a \\"quoted\\" it\'s \\\\ one" -j ACCEPT',
  '-A T -m comment --comment plain_word-1 -j ACCEPT',
  '-A T -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j U',
  '-A T -m mark --mark 0x4000/0x4000 -j ACCEPT',
  '-A T -m mark ! --mark 0x1 -j ACCEPT',
  '-A T -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT -j ACCEPT',
  '-A T -m conntrack ! --ctstate NEW -j ACCEPT',
  '-A T -m addrtype --src-type LOCAL ! --dst-type LOCAL,BROADCAST --limit-iface-in -j ACCEPT',
  '-A T -m statistic --mode random --probability 0.33333333349 -j ACCEPT',
  '-A T -m statistic --mode random ! --probability 0.1 -j ACCEPT',
  '-A T -m statistic --mode nth --every 3 --packet 1 -j ACCEPT',
  '-A T -p tcp -m multiport --dports 80,443,8000:8080 -j ACCEPT',
  '-A T -p udp -m multiport ! --sports 53 -j ACCEPT',
  '-A T -p tcp -m multiport --ports 1,2,3:4 -j ACCEPT',
  '-A T -m recent --set --name R --rsource',
  '-A T -m recent ! --rcheck --seconds 60 --reap --hitcount 3 --rttl --name R --mask 255.255.255.0 --rdest -j DROP',
  '-A T -m recent --update --seconds 5 --name R -j DROP',
  '-A T -j MARK --set-xmark 0x4000/0x4000',
  '-A T -j MARK --or-mark 0x10',
];
const ICMP4 = ['-A T -p icmp -m icmp --icmp-type 8 -j ACCEPT', '-A T -p icmp -m icmp ! --icmp-type 3/4 -j ACCEPT'];
const REJECTS4 = ['net-unreachable', 'host-unreachable', 'proto-unreachable', 'port-unreachable', 'net-prohibited']
  .concat(['host-prohibited', 'admin-prohibited'])
  .map((with_) => `-A T -j REJECT --reject-with icmp-${with_}`)
  .concat('-A T -p tcp -j REJECT --reject-with tcp-reset');
const NAT4 = [
  '-A T -p tcp -j DNAT --to-destination 10.0.0.1:80',
  '-A T -j DNAT --to-destination 10.0.0.1-10.0.0.9 --random --persistent',
  '-A T -p udp -j DNAT --to-destination :53',
  '-A T -p tcp -j DNAT --to-destination 10.0.0.1:80-90/8000',
  '-A T -j SNAT --to-source 10.0.0.1-10.0.0.3 --persistent',
  '-A T -p tcp -j SNAT --to-source 10.0.0.1:1000-2000 --random-fully',
  '-A T -j MASQUERADE',
  '-A T -j MASQUERADE --random-fully',
  '-A T -p tcp -j MASQUERADE --to-ports 1000-2000 --random',
];
const restore = (table: string, rules: readonly string[]): string =>
  `*${table}\n:T - [0:0]\n:U - [0:0]\n${rules.join('\n')}\nCOMMIT\n`;

describe('equal to iptables-nft-save, read over netlink', () => {
  it.each([
    ['matches and verdicts', restore('filter', [...KNOWN, ...ICMP4])],
    ['rejects', restore('filter', REJECTS4)],
    ['address translation', restore('nat', NAT4)],
    [
      'all tables, policies and hooks',
      `${['raw', 'mangle', 'nat', 'security', 'filter'].map((t) => `*${t}\n:Z - [0:0]\n:B - [0:0]\n:OUTPUT ${t === 'nat' ? 'ACCEPT' : 'DROP'} [0:0]\n-A OUTPUT -j Z\n-A OUTPUT -j B\nCOMMIT\n`).join('')}*mangle\n-A POSTROUTING -j ACCEPT\n-A PREROUTING -j ACCEPT\nCOMMIT\n`,
    ],
    ['200 Services', kubeProxyRules(200)],
  ])('%s', async (_, rules) => {
    scratch.run(['iptables-nft-restore', '--noflush'], rules);
    const { ours, theirs, native } = await bothOf();
    expect(ours).toBe(theirs);
    expect(native).toBe(true);
  });

  it('IPv6', async () => {
    const six = KNOWN.filter((r) => !/ (-s|-d|--mask|--dst-type) /.test(r));
    scratch.run(
      ['ip6tables-nft-restore'],
      restore('filter', [
        ...six,
        '-A T -s fd00::/8 ! -d fd00:1::/33 -j ACCEPT',
        '-A T -d fd00::1 -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp6-port-unreachable',
        ...['no-route', 'adm-prohibited', 'addr-unreachable'].map((w) => `-A T -j REJECT --reject-with icmp6-${w}`),
        '-A T -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT',
      ]) +
        restore('nat', [
          '-A T -p tcp -j DNAT --to-destination [fd00::1]:80',
          '-A T -j DNAT --to-destination fd00::1-fd00::9',
          '-A T -j SNAT --to-source fd00::1',
          '-A T -j MASQUERADE --random-fully',
        ]),
    );
    const { ours, theirs, native } = await bothOf(true);
    expect(ours).toBe(theirs);
    expect(native).toBe(true);
  });
});

describe('left to iptables-nft-save as a whole', () => {
  it.each([
    '-A T -m limit --limit 5/min -j ACCEPT',
    '-A T -m state --state NEW -j ACCEPT',
    '-A T -m physdev --physdev-is-bridged -j ACCEPT',
    '-A T -j LOG --log-prefix x',
    '-A T -f -j ACCEPT',
    '-A T -m ttl --ttl-eq 3 -j ACCEPT',
    '-A T -p tcp -m tcp --tcp-option 4 -j ACCEPT',
    '-A T -m conntrack --ctorigdst 10.0.0.1 -j ACCEPT',
    '-A T -m hashlimit --hashlimit-upto 5/sec --hashlimit-name x -j ACCEPT',
    '-A T -p 99 -j ACCEPT',
  ])('%s', async (rule) => {
    scratch.run(['iptables-nft-restore'], restore('filter', ['-A T -j ACCEPT', rule]));
    const { ours, theirs, native } = await bothOf();
    expect(ours).toBe(theirs);
    expect(native).toBe(false);
  });
});

describe("a table with a base chain that iptables does not make is shown among nft's own, and once", () => {
  const LOWER_CASE = 'table ip filter {\n chain input {\n type filter hook input priority 0; policy drop\n }\n}\n';
  it.each([
    ['of another priority', 'table ip filter {\n chain INPUT {\n type filter hook input priority 7\n }\n}\n', []],
    ['of another name', LOWER_CASE, []],
    ['of another name, beside a table that is left to the tool', LOWER_CASE, ['-A T -j LOG --log-prefix x']],
  ])('%s', async (_, table, beside) => {
    scratch.run(['nft', '-f', '-'], table);
    if (beside.length > 0) scratch.run(['iptables-nft-restore'], restore('mangle', beside));
    const { sections } = await helper.collect({
      path: scratch.path,
      kinds: ['iptables-nft-save', 'nftables'],
      flows: [],
      knownPaths: [],
      timeLimitMs: 20_000,
    });
    const [iptables = '', nftables = ''] = sections.map((section) => ('text' in section ? section.text : ''));
    expect(iptables).toMatch(/^# Table `filter' .*incompatible/m);
    expect(iptables).not.toMatch(/^\*filter/m);
    expect(iptables.includes('*mangle')).toBe(beside.length > 0);
    expect(nftables).toContain('"filter"');
  });
});

it('a rule that has a match twice is read as a whole, where the tool shows the last of both', async () => {
  const rules = [
    '-A T -p tcp -m tcp --tcp-flags SYN,ACK SYN -m mark --mark 0x1 -m tcp --dport 80 --tcp-flags SYN,RST SYN -j ACCEPT',
    '-A T -p udp -m udp --dport 80:90 -m mark --mark 0x1 -m udp ! --dport 85 -j ACCEPT',
  ];
  scratch.run(['iptables-nft-restore'], restore('filter', rules));
  const { ours, theirs, native } = await bothOf();
  expect(native).toBe(true);
  expect(ours.split('\n').filter((line) => line.startsWith('-A'))).toEqual(rules);
  expect(theirs).not.toContain('--tcp-flags SYN,ACK SYN');
});

describe('a rule that iptables has no words for is said to be unread', () => {
  it.each([
    ['a set of addresses', 'ip daddr { 10.9.9.9, 10.9.9.8 } drop', 'lookup'],
    ['a set of devices', 'iifname { "foo", "bar" } drop', 'lookup'],
    ['a concatenation', 'ip saddr . ip daddr { 10.0.0.1 . 10.0.0.2 } drop', 'payload'],
    ['a map to verdicts', 'tcp dport vmap { 22 : drop, 8080 : drop }', 'lookup'],
    ['a state of the connection', 'ct state invalid drop', 'ct'],
    ['a comparison', 'ip ttl < 5 drop', 'cmp operation'],
    ['a translation', 'ip daddr 10.0.0.1 notrack', 'expression without data'],
  ])('%s', async (_, rule, expression) => {
    scratch.run(['iptables-nft-restore'], restore('filter', ['-A T -j ACCEPT']));
    scratch.run(['nft', `insert rule ip filter T ${rule}`]);
    const { ours, native } = await bothOf();
    expect(native).toBe(true);
    expect(ours.split('\n').filter((line) => line.startsWith('-A'))).toEqual([
      expect.stringMatching(new RegExp(`^-A T -j NFT-UNREAD --expression "${expression}`)),
      '-A T -j ACCEPT',
    ]);
  });

  it('though another rule would have been left to the tool', async () => {
    scratch.run(['iptables-nft-restore'], restore('filter', ['-A T -j LOG --log-prefix x', '-A T -j ACCEPT']));
    scratch.run(['nft', 'insert rule ip filter T ip daddr { 10.9.9.9, 10.9.9.8 } drop']);
    const { ours, theirs } = await bothOf();
    expect(theirs).toContain('-A T -j DROP');
    expect(ours).not.toContain('-j DROP');
    expect(ours).toContain('-A T -j NFT-UNREAD');
  });
});
