/** `ip -j address show`: each link's element has its addresses in `addr_info`. */
import { familyOf, type InterfaceAddress, ifIndex, parseIp, type Result, widthOf } from '@netverdict/linux-net';
import {
  type Fields,
  fieldList,
  flag,
  number,
  optionalAddress,
  optionalText,
  parseArray,
  text,
} from '../json/fields.ts';
import { Malformed, must, type ParseProblem } from '../problem.ts';
import { scopeNumber } from './names.ts';

export function parseIpAddress(source: string): Result<readonly InterfaceAddress[], ParseProblem> {
  return parseArray(source, (link) => {
    const ifindex = number(link, 'ifindex');
    return fieldList(link, 'addr_info')
      .filter((info) => Object.keys(info).length > 0)
      .map((info) => readAddress(info, ifindex));
  });
}

export function readAddress(info: Fields, ifindex: number): InterfaceAddress {
  const address = must(parseIp(text(info, 'local')));
  const prefixLength = number(info, 'prefixlen');
  if (prefixLength < 0 || prefixLength > widthOf(familyOf(address)))
    throw new Malformed(`prefix length ${prefixLength} does not fit the address`);
  return {
    ifindex: ifIndex(ifindex),
    address,
    prefixLength,
    peer: optionalAddress(info, 'address'),
    broadcast: optionalAddress(info, 'broadcast'),
    scope: scopeNumber(optionalText(info, 'scope')),
    secondary: flag(info, 'secondary'),
    tentative: flag(info, 'tentative'),
    dadFailed: flag(info, 'dadfailed'),
    deprecated: flag(info, 'deprecated'),
    ...(flag(info, 'optimistic') ? { optimistic: true } : {}),
    ...(flag(info, 'temporary') ? { temporary: true } : {}),
    noPrefixRoute: flag(info, 'noprefixroute'),
  };
}
