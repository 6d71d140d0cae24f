/** `create NAME TYPE options`, and the `Header:` of `ipset list`, which has the same options. */
import {
  type Family,
  fwmark,
  IP_SET_TYPES,
  type IpAddress,
  type IpSetOptions,
  type IpSetType,
  parseIp,
  prefix,
  widthOf,
} from '@netverdict/linux-net';
import { Malformed, must } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { maskOf, memberPrefixes, parseRange } from './addresses.ts';
import { portRange } from './ports.ts';

export const isIpSetType = (type: string): type is IpSetType => Object.hasOwn(IP_SET_TYPES, type);

const FAMILIES: Readonly<Record<string, Family>> = { inet: 'ipv4', ipv4: 'ipv4', inet6: 'ipv6', ipv6: 'ipv6' };
/** They size the hash, and say nothing of what is in it. */
const SIZES = new Set(['hashsize', 'maxelem', 'bucketsize', 'initval', 'size', 'probes', 'resize', 'gc']);
const SILENT = new Set(['forceadd', '-exist', '-!']);
const BITMAP_MAX = 0xffffffff;

export function readOptions(type: IpSetType, reader: WordReader): IpSetOptions {
  let family = defaultFamily(type);
  let netmask: number | null = null;
  let bitmask: IpAddress | null = null;
  let markmask = BITMAP_MAX;
  let range: IpSetOptions['range'] = null;
  let timeoutSeconds: number | null = null;
  const flags = { counters: false, comment: false, skbinfo: false };
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === 'family') family = familyNamed(reader.value('a family'));
    else if (word === '-4' || word === '-6') family = word === '-4' ? 'ipv4' : 'ipv6';
    else if (word === 'timeout') timeoutSeconds = reader.number('a number of seconds');
    else if (word === 'netmask') netmask = reader.number('a prefix length', 128);
    else if (word === 'bitmask') bitmask = must(parseIp(reader.value('a mask')));
    else if (word === 'markmask') markmask = fwmark(reader.number('a mask of marks'));
    else if (word === 'range') range = readRange(type, reader.value('a range'));
    else if (word === 'counters' || word === 'comment' || word === 'skbinfo') flags[word] = true;
    else if (SIZES.has(word)) reader.number(`a number for ${word}`);
    else if (!SILENT.has(word)) throw new Malformed(`"${word}" is not an option of a set`);
  }
  return { family, mask: maskFrom(netmask, bitmask, family), markmask, range, timeoutSeconds, ...flags };
}

/** NFPROTO_UNSPEC of the kernel's types: any packet may be looked up in them. */
const defaultFamily = (type: IpSetType): Family | null =>
  type === 'bitmap:port' || type === 'hash:mac' || type === 'list:set' ? null : 'ipv4';

function familyNamed(name: string): Family {
  const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
  if (!family) throw new Malformed(`"${name}" is not a family`);
  return family;
}

function maskFrom(netmask: number | null, bitmask: IpAddress | null, family: Family | null): IpAddress | null {
  if (netmask === null) return bitmask;
  if (netmask > widthOf(family ?? 'ipv4')) throw new Malformed(`the netmask ${netmask} is too long`);
  return maskOf(netmask, family ?? 'ipv4');
}

function readRange(type: IpSetType, text: string): { from: number; to: number } {
  if (type === 'bitmap:port') {
    const [from, to] = portRange(text);
    return { from, to };
  }
  if (text.includes('-')) {
    const [from, to] = parseRange(text);
    return { from: Number(from), to: Number(to) };
  }
  const [network = prefix('0.0.0.0/0')] = memberPrefixes(text, 'ipv4');
  return { from: Number(network.address), to: Number(network.address) + 2 ** (32 - network.length) - 1 };
}
