/** IPsec policies (ip xfrm): one that asks for more than "allow" is an unknown for the packets that it selects. */
import { familyOf, type IpAddress, parsePrefix, prefixContains } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

/** `src 10.0.0.0/8 dst 0.0.0.0/0 action block`, and more after it: ports and devices are not looked at, they may select the packet. */
const POLICY = /^src (\S+) dst (\S+)( proto (\d+))? action (allow|block)( tmpl)?/;

/** @param way out: to be sent; fwd: to be forwarded; in: for a socket here (xfrm_lookup, __xfrm_policy_check). */
export function xfrmPolicies(walk: Walk, ns: WorldNamespace, way: 'out' | 'fwd' | 'in', packet: Packet): Next | null {
  const { programs } = ns.net.state;
  if (!programs.known) return null;
  for (const policy of programs.value) {
    if (policy.hook !== `xfrm ${way}` || !concerns(policy.name, packet)) continue;
    const missing = {
      kind: 'other' as const,
      place: ns.key,
      node: ns.node,
      text: `the xfrm policy for packets ${WAYS[way]} (${policy.name}) is not evaluated`,
      zh: `未计算 xfrm 策略(dir ${way}:${policy.name})`,
      evidence: [
        {
          section: programs.section?.digest ?? null,
          kind: 'attached-programs',
          line: null,
          text: `${policy.hook} ${policy.name}`,
          at: programs.section?.at ?? null,
        },
      ],
    };
    const key = `${walk.direction} ${ns.key} ${policy.hook} ${policy.name}`;
    if (!walk.ask(ns, `the xfrm policy ${policy.name} lets the packet through unchanged`, missing, key))
      return walk.unknown(ns, packet, missing);
  }
  return null;
}

const WAYS = { out: 'sent', fwd: 'forwarded', in: 'received' } as const;

function concerns(text: string, packet: Packet): boolean {
  const match = POLICY.exec(text);
  if (!match) return true;
  const [, source = '', destination = '', , protocol, action, template] = match;
  if (action === 'allow' && template === undefined) return false;
  if (protocol !== undefined && Number(protocol) !== packet.protocol) return false;
  return within(source, packet.source) && within(destination, packet.destination);
}

function within(text: string, address: IpAddress): boolean {
  const prefix = parsePrefix(text);
  if (!prefix.ok) return true;
  return familyOf(prefix.value.address) === familyOf(address) && prefixContains(prefix.value, address);
}
