/** A router with a transparent proxy on it, as TPROXY sends packets to, and a route with realms: for rules that are about these. */
import type { DraftNamespace } from '../draft.ts';
import type { Random } from '../random.ts';

export const PROXY_PORT = 15001;
/** Nobody listens on it. */
export const UNHEARD_PORT = 5353;

export function addProxy(router: DraftNamespace, random: Random): void {
  for (const protocol of ['tcp', 'udp'] as const)
    router.sockets.push({
      protocol,
      family: 'ipv6',
      address: '::',
      port: PROXY_PORT,
      v6only: false,
      transparent: true,
    });
  // What TPROXY marks ends here.
  router.ip.push('rule add pref 100 fwmark 0x100/0x100 lookup 100', 'route add local 0.0.0.0/0 dev lo table 100');
  router.ip6.push('rule add pref 100 fwmark 0x100/0x100 lookup 100', 'route add local ::/0 dev lo table 100');
  router.ip.push(`route add 10.2.0.0/25 dev to-b realm ${random.pick(['5', '7/5'])}`);
}
