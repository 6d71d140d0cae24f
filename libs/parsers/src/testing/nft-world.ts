/** A ruleset with one rule in the chain that suits it, and the sets, maps and objects that rules name. */
const HOOKS: Readonly<Record<string, string>> = {
  filter: 'type filter hook input priority 0',
  raw: 'type filter hook prerouting priority -300',
  tproxy: 'type filter hook prerouting priority -150',
  dnat: 'type nat hook prerouting priority -100',
  snat: 'type nat hook postrouting priority 100',
  ingress: 'type filter hook ingress device "lo" priority 0',
};

/** As nft writes them: no element, no timeout, nothing that would change by itself. */
const NAMED: readonly (readonly [RegExp, string])[] = [
  [/@bad\b/, 'set bad { type ipv4_addr; flags interval; }'],
  [/@pairs\b/, 'set pairs { type ipv4_addr . inet_service; flags interval; }'],
  [/@service-ips\b/, 'map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }'],
  [/@verdicts\b/, 'map verdicts { type ipv4_addr : verdict; }'],
  [/@marks\b/, 'map marks { type ipv4_addr : mark; }'],
  [/@seen\b/, 'set seen { type ipv4_addr; flags dynamic,timeout; }'],
  [/@bucket\b/, 'set bucket { type ipv4_addr; flags dynamic; }'],
  [/@mapped\b/, 'map mapped { type ipv4_addr : inet_service; flags dynamic; }'],
  [/@targets\b/, 'map targets { type ipv4_addr . inet_service : ipv4_addr . inet_service; }'],
  [/"hits"/, 'counter hits { }'],
  [/"much"/, 'quota much { over 100 bytes }'],
  [/"slow"/, 'limit slow { rate 5/second }'],
];

export const rulesetOf = (family: string, hook: string, rule: string): string =>
  [
    `table ${family} t {`,
    ...NAMED.filter(([name]) => name.test(rule)).map(([, text]) => text),
    'chain other { }',
    `chain c { ${HOOKS[hook]}; ${rule} ; }`,
    '}',
    '',
  ].join('\n');
