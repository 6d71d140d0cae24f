/** TPROXY: the packet goes to a local socket as it is (net/netfilter/xt_TPROXY.c, nf_tproxy_core). */
import { formatIp, type IpAddress, type XtTarget } from '@netverdict/linux-net';
import { findListener } from '../../socket/listener.ts';
import type { RuleContext } from '../context.ts';
import type { TargetResult } from './result.ts';

type Of<K extends XtTarget['kind']> = Extract<XtTarget, { kind: K }>;

export function tproxy(t: Of<'tproxy'>, c: RuleContext): TargetResult {
  const { sockets } = c.ns.net.state;
  if (!sockets.known) return { does: 'unknown', what: `TPROXY, and the sockets of ${c.ns.key} were not read` };
  const address = t.address ?? addressOfDevice(c);
  const port = t.port === 0 ? (c.packet.dport ?? 0) : t.port;
  const where = `${formatIp(address)}:${port}`;
  const found = findListener(
    c.walk,
    sockets.value,
    { ...c.packet, destination: address, dport: port },
    c.iif?.ifindex ?? 0,
  );
  if (found.kind !== 'found') return { does: 'drop', said: `TPROXY: nobody listens on ${where}` };
  const { socket } = found;
  if (socket.transparent === false) return { does: 'drop', said: `TPROXY: the socket on ${where} is not transparent` };
  if (socket.transparent === null)
    return { does: 'unknown', what: `TPROXY: whether the socket on ${where} is transparent` };
  const mark = ((c.packet.mark & ~t.mask) ^ t.value) >>> 0;
  return {
    does: 'accept',
    packet: { ...c.packet, mark, assigned: socket },
    said: `TPROXY to the socket on ${where}`,
  };
}

/**
 * nf_tproxy_laddr4: the first primary address of the device that it came in by; nf_tproxy_laddr6: the first that is neither
 * tentative nor deprecated. Else its own destination.
 */
function addressOfDevice(c: RuleContext): IpAddress {
  const addresses = c.iif ? c.ns.net.addressesOn(c.iif.ifindex) : [];
  const first =
    c.packet.family === 'ipv4'
      ? addresses.find((a) => typeof a.address === 'number' && !a.secondary)
      : addresses.find((a) => typeof a.address === 'bigint' && !a.tentative && !a.deprecated);
  return first?.address ?? c.packet.destination;
}
