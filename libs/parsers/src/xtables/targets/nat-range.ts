/** `[address[-address]][:port[-port[/base]]]`, with brackets around IPv6 addresses that have a port after them. */
import { type Family, formatIp, type NatRange, type Range } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { addressOf, printRange, range, whole } from '../values.ts';

type Where = Pick<NatRange, 'addresses' | 'ports' | 'basePort'>;

export function natRange(text: string, family: Family): Where {
  const { addressText, portText } = family === 'ipv4' ? splitIpv4(text) : splitIpv6(text);
  const [from = '', to = from] = addressText.split('-');
  const [ports, base] = (portText ?? '').split('/');
  if (addressText === '' && !ports) throw new Malformed(`"${text}" is neither an address nor a port`);
  return {
    addresses: addressText === '' ? null : { from: addressOf(from, family), to: addressOf(to, family) },
    ports: ports ? portRange(ports) : null,
    basePort: base === undefined ? null : whole(base, 65535),
  };
}

function splitIpv4(text: string): { addressText: string; portText: string | null } {
  const at = text.indexOf(':');
  return at < 0
    ? { addressText: text, portText: null }
    : { addressText: text.slice(0, at), portText: text.slice(at + 1) };
}

function splitIpv6(text: string): { addressText: string; portText: string | null } {
  const bracketed = /^\[([^\]]+)\](?:-\[([^\]]+)\])?(?::(.*))?$/.exec(text);
  if (bracketed)
    return {
      addressText: [bracketed[1], bracketed[2]].filter((part) => part !== undefined).join('-'),
      portText: bracketed[3] ?? null,
    };
  // A port alone is `:80`; `::1` is an address.
  return /^:\d/.test(text) ? { addressText: '', portText: text.slice(1) } : { addressText: text, portText: null };
}

export const portRange = (text: string): Range => range(text, '-');

export function printNatRange(to: Where): string {
  const { addresses, ports, basePort } = to;
  const portText = ports === null ? '' : `:${printRange(ports, '-')}${basePort === null ? '' : `/${basePort}`}`;
  if (addresses === null) return portText;
  const text = [...new Set([formatIp(addresses.from), formatIp(addresses.to)])];
  const bracketed = typeof addresses.from === 'bigint' && portText !== '' ? text.map((t) => `[${t}]`) : text;
  return `${bracketed.join('-')}${portText}`;
}
