/** Membership of an ipset. hash:* types of addresses, prefixes, ports and devices; others are unknown. */
import { type IpSet, parseIp, parsePrefix, prefixContains, type XtMatch } from '@netverdict/linux-net';
import { protocolName } from '../../packet/packet.ts';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function set(m: Of<'set'>, c: RuleContext): Answer {
  const { ipsets } = c.ns.net.state;
  if (!ipsets.known) return { unknown: `the members of set ${m.set} (${ipsets.reason})` };
  const found = ipsets.value.find((s) => s.name === m.set);
  if (!found) return { unknown: `set ${m.set}, which is not in ipset-save` };
  if (m.options.length > 0) return { unknown: `set match options ${m.options.join(' ')}` };
  return contains(found, m.directions, c);
}

function contains(found: IpSet, directions: readonly ('src' | 'dst')[], c: RuleContext): Answer {
  const [method = '', dimensions = ''] = found.type.split(':');
  const parts = dimensions.split(',');
  if (method !== 'hash' || parts.some((part) => !['ip', 'net', 'port', 'iface'].includes(part)))
    return { unknown: `a set of type ${found.type}` };
  // The most specific member decides; `nomatch` is an exception among prefixes.
  let best: { length: number; nomatch: boolean } | null = null;
  for (const member of found.members) {
    const words = member.split(' ');
    const values = (words[0] ?? '').split(',');
    let length = 0;
    const hit = parts.every((part, i) => {
      const result = dimensionMatches(part, values[i] ?? '', directions[i] ?? 'src', c);
      if (result === null) return false;
      length += result;
      return true;
    });
    if (hit && (best === null || length > best.length)) best = { length, nomatch: words.includes('nomatch') };
  }
  return best !== null && !best.nomatch;
}

/** Length of the prefix that matched; null when it does not. */
function dimensionMatches(part: string, value: string, direction: 'src' | 'dst', c: RuleContext): number | null {
  const { packet } = c;
  switch (part) {
    case 'ip':
    case 'net': {
      const address = direction === 'src' ? packet.source : packet.destination;
      const range = value.split('-');
      if (range.length === 2) {
        const from = parseIp(range[0] ?? '');
        const to = parseIp(range[1] ?? '');
        return from.ok && to.ok && address >= from.value && address <= to.value ? 0 : null;
      }
      const prefix = parsePrefix(value);
      return prefix.ok && prefixContains(prefix.value, address) ? prefix.value.length : null;
    }
    case 'port': {
      const [protocol, ports] = value.includes(':') ? value.split(':') : ['tcp', value];
      const port = direction === 'src' ? packet.sport : packet.dport;
      const [from, to] = (ports ?? '').split('-').map(Number);
      if (protocol !== protocolName(packet.protocol) || port === null || from === undefined) return null;
      return port >= from && port <= (to ?? from) ? 0 : null;
    }
    default: {
      const physical = value.startsWith('physdev:');
      const name = physical ? value.slice('physdev:'.length) : value;
      const link = physical ? (direction === 'src' ? c.physIn : c.physOut) : direction === 'src' ? c.iif : c.oif;
      return link?.name === name ? 0 : null;
    }
  }
}
