/** What stands in a node's tables without any Service: the jumps from the base chains, marks, masquerade, forwarding. */
import { ip, prefix, prefixContains } from '@netverdict/linux-net';
import type { KubeProxyConfig } from './input.ts';
import { comment, type Table } from './table.ts';

const NEW = '-m conntrack --ctstate NEW';

/** Written first: in iptables-save's order the jumps that kube-proxy prepends last stand first. */
export function writeJumps(nat: Table, filter: Table): void {
  const portals = [comment('kubernetes service portals')];
  nat.rule('PREROUTING', { matches: portals, target: 'KUBE-SERVICES' });
  nat.rule('OUTPUT', { matches: portals, target: 'KUBE-SERVICES' });
  nat.rule('POSTROUTING', { matches: [comment('kubernetes postrouting rules')], target: 'KUBE-POSTROUTING' });

  const firewall = { matches: [NEW, comment('kubernetes load balancer firewall')], target: 'KUBE-PROXY-FIREWALL' };
  const external = {
    matches: [NEW, comment('kubernetes externally-visible service portals')],
    target: 'KUBE-EXTERNAL-SERVICES',
  };
  const services = { matches: [NEW, comment('kubernetes service portals')], target: 'KUBE-SERVICES' };
  filter.rule('INPUT', firewall);
  filter.rule('INPUT', { matches: [comment('kubernetes health check service ports')], target: 'KUBE-NODEPORTS' });
  filter.rule('INPUT', external);
  filter.rule('INPUT', { target: 'KUBE-FIREWALL' });
  filter.rule('FORWARD', firewall);
  filter.rule('FORWARD', { matches: [comment('kubernetes forwarding rules')], target: 'KUBE-FORWARD' });
  filter.rule('FORWARD', services);
  filter.rule('FORWARD', external);
  filter.rule('OUTPUT', firewall);
  filter.rule('OUTPUT', services);
  filter.rule('OUTPUT', { target: 'KUBE-FIREWALL' });
  for (const chain of ['KUBE-EXTERNAL-SERVICES', 'KUBE-FIREWALL', 'KUBE-FORWARD', 'KUBE-NODEPORTS'])
    filter.chain(chain);
  for (const chain of ['KUBE-PROXY-FIREWALL', 'KUBE-SERVICES']) filter.chain(chain);
  for (const chain of ['KUBE-NODEPORTS', 'KUBE-SERVICES']) nat.chain(chain);
}

export function writeMasquerade(nat: Table, config: KubeProxyConfig): void {
  const mark = `0x${(1 << config.masqueradeBit).toString(16)}`;
  nat.rule('KUBE-MARK-MASQ', { target: `MARK --set-xmark ${mark}/${mark}` });
  nat.rule('KUBE-POSTROUTING', { matches: [`-m mark ! --mark ${mark}/${mark}`], target: 'RETURN' });
  // --xor-mark, as the kernel prints it: the mark goes, lest the packet be masqueraded again on its way.
  nat.rule('KUBE-POSTROUTING', { target: `MARK --set-xmark ${mark}/0x0` });
  nat.rule('KUBE-POSTROUTING', {
    matches: [comment('kubernetes service traffic requiring SNAT')],
    target: config.randomFully ? 'MASQUERADE --random-fully' : 'MASQUERADE',
  });
}

export function writeForward(filter: Table, config: KubeProxyConfig): void {
  const mark = `0x${(1 << config.masqueradeBit).toString(16)}`;
  // A packet out of the window may slip through a NAT untranslated and reset the connection.
  if (!config.conntrackTcpBeLiberal)
    filter.rule('KUBE-FORWARD', { matches: ['-m conntrack --ctstate INVALID'], target: 'DROP' });
  filter.rule('KUBE-FORWARD', {
    matches: [comment('kubernetes forwarding rules'), `-m mark --mark ${mark}/${mark}`],
    target: 'ACCEPT',
  });
  filter.rule('KUBE-FORWARD', {
    matches: [comment('kubernetes forwarding conntrack rule'), '-m conntrack --ctstate RELATED,ESTABLISHED'],
    target: 'ACCEPT',
  });
  // route_localnet opens 127.0.0.0/8 to the neighbours (CVE-2020-8558); this closes it again.
  if (localhostNodePorts(config))
    filter.rule('KUBE-FIREWALL', {
      source: '!127.0.0.0/8',
      destination: '127.0.0.0/8',
      matches: [comment('block incoming localnet connections'), '-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT'],
      target: 'DROP',
    });
}

/** IPv4 only, and only if the addresses that NodePorts answer on include loopback. */
export function localhostNodePorts(config: KubeProxyConfig): boolean {
  if (config.family !== 'ipv4' || !config.localhostNodePorts) return false;
  const prefixes = nodePortPrefixes(config);
  const loopback = prefix('127.0.0.0/8');
  return (
    prefixes === null || prefixes.some((p) => prefixContains(p, ip('127.0.0.1')) || prefixContains(loopback, p.address))
  );
}

/** null: every local address. */
function nodePortPrefixes(config: KubeProxyConfig): ReturnType<typeof prefix>[] | null {
  const own = (config.nodePortAddresses ?? []).map((text) => prefix(text)).filter((p) => p.family === config.family);
  return own.length === 0 || own.some((p) => p.length === 0) ? null : own;
}

/** The last rule of KUBE-SERVICES. */
export function writeNodePortJump(nat: Table, config: KubeProxyConfig, nodeIps: readonly string[]): void {
  const last = comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain');
  const prefixes = nodePortPrefixes(config);
  if (prefixes === null) {
    const except = config.family === 'ipv6' ? '!::1/128' : localhostNodePorts(config) ? undefined : '!127.0.0.0/8';
    nat.rule('KUBE-SERVICES', {
      ...(except === undefined ? {} : { destination: except }),
      matches: [last, '-m addrtype --dst-type LOCAL'],
      target: 'KUBE-NODEPORTS',
    });
    return;
  }
  const candidates = config.family === 'ipv4' ? ['127.0.0.1', ...nodeIps] : nodeIps;
  for (const text of new Set(candidates)) {
    const address = ip(text);
    if (!prefixes.some((p) => prefixContains(p, address))) continue;
    if (text === '127.0.0.1' && !localhostNodePorts(config)) continue;
    if (text === '::1') continue;
    nat.rule('KUBE-SERVICES', { destination: text, matches: [last], target: 'KUBE-NODEPORTS' });
  }
}
