/** -j TPROXY */
import { formatIp, type XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { addressOf, printValueAndMask, valueAndMask, whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

export const tproxy: Module<XtTarget> = {
  options: { '--on-port': 1, '--on-ip': 1, '--tproxy-mark': 1 },
  build: (given, family) => {
    const port = find(given, '--on-port');
    const on = find(given, '--on-ip');
    const mark = find(given, '--tproxy-mark');
    if (!port) throw new Malformed('TPROXY has no --on-port');
    const address = on ? addressOf(arg(on), family) : null;
    return {
      kind: 'tproxy',
      port: whole(arg(port), 65535),
      // The wildcard, which iptables prints when none was given, means the address the packet came in by.
      address: address !== null && Number(address) === 0 ? null : address,
      ...(mark ? valueAndMask(arg(mark)) : { value: 0, mask: 0 }),
    };
  },
};

export const print: Pick<TargetPrinters, 'tproxy'> = {
  tproxy: (t) =>
    `-j TPROXY --on-port ${t.port}${t.address === null ? '' : ` --on-ip ${formatIp(t.address)}`} --tproxy-mark ${printValueAndMask(t)}`,
};
