/** `bridge -j -d fdb show`. */
import { type LineRef, parseMac, type Result } from '@netverdict/linux-net';
import {
  type Fields,
  optionalAddress,
  optionalNumber,
  optionalText,
  parseArray,
  text,
  textList,
} from '../json/fields.ts';
import { must, type ParseProblem } from '../problem.ts';
import type { NamedFdbEntry } from './devices.ts';

export const parseBridgeFdb = (source: string): Result<readonly NamedFdbEntry[], ParseProblem> =>
  parseArray(source, readFdbEntry);

export function readFdbEntry(fields: Fields, at: LineRef): NamedFdbEntry {
  const flags = textList(fields, 'flags');
  const self = flags.includes('self');
  const viaIndex = optionalNumber(fields, 'viaIfIndex');
  return {
    mac: must(parseMac(text(fields, 'mac'))),
    dev: text(fields, 'ifname'),
    master: self ? null : optionalText(fields, 'master'),
    vlan: optionalNumber(fields, 'vlan'),
    dst: optionalAddress(fields, 'dst'),
    vni: optionalNumber(fields, 'vni'),
    port: optionalNumber(fields, 'port'),
    via: optionalText(fields, 'viaIf') ?? (viaIndex === null ? null : `if${viaIndex}`),
    permanent: optionalText(fields, 'state') === 'permanent',
    isStatic: ['permanent', 'static'].includes(optionalText(fields, 'state') ?? ''),
    ...(flags.includes('sticky') ? { sticky: true } : {}),
    evidence: at,
  };
}
