/** Rules in kube-proxy's form for `iptables-restore`: n Services with two endpoints each. For size and speed, not fidelity. */
export function kubeProxyRules(services: number): string {
  const chains: string[] = [];
  const nat: string[] = [];
  const filter: string[] = [];
  for (let i = 0; i < services; i++) {
    const id = i.toString(36).toUpperCase().padStart(16, '0');
    const ip = `10.96.${i >> 8}.${i & 255}`;
    const name = `bench/service-${i}:http`;
    const endpoints = [1, 2].map((n) => ({ chain: `KUBE-SEP-${n}${id}`, ip: `10.24${3 + n}.${i >> 8}.${i & 255}` }));
    chains.push(`:KUBE-SVC-${id} - [0:0]`, ...endpoints.map((e) => `:${e.chain} - [0:0]`));
    nat.push(
      `-A KUBE-SERVICES -d ${ip}/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j KUBE-SVC-${id}`,
      `-A KUBE-SVC-${id} ! -s 10.244.0.0/16 -d ${ip}/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
    );
    for (const [n, { chain, ip: endpoint }] of endpoints.entries())
      nat.push(
        `-A KUBE-SVC-${id} -m comment --comment "${name} -> ${endpoint}:8080" ${n === 0 ? '-m statistic --mode random --probability 0.50000000000 ' : ''}-j ${chain}`,
        `-A ${chain} -s ${endpoint}/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
        `-A ${chain} -p tcp -m comment --comment "${name}" -m tcp -j DNAT --to-destination ${endpoint}:8080`,
      );
  }
  for (let i = 0; i < 3; i++)
    filter.push(
      `-A KUBE-SERVICES -d 10.97.0.${i}/32 -p tcp -m comment --comment "bench/empty-${i} has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable`,
    );
  return [
    '*nat',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-MARK-MASQ - [0:0]',
    ':KUBE-POSTROUTING - [0:0]',
    ...chains,
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ...nat,
    'COMMIT',
    '*filter',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-FORWARD - [0:0]',
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...filter,
    'COMMIT',
    '',
  ].join('\n');
}
