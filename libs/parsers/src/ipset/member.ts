/** `add NAME member options`, and the lines below `Members:` of `ipset list`. */
import {
  IP_SET_TYPES,
  type IpSetDimension,
  type IpSetMember,
  type IpSetOptions,
  type IpSetPart,
  type IpSetType,
  parseFwmark,
  parseMac,
} from '@netverdict/linux-net';
import { Malformed, must } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { memberPrefixes } from './addresses.ts';
import { memberPorts } from './ports.ts';

interface Extensions {
  readonly nomatch: boolean;
  readonly wildcard: boolean;
  readonly timeoutSeconds: number | null;
}

/** Several where the text holds ranges that no one prefix covers. */
export function readMembers(
  type: IpSetType,
  options: IpSetOptions,
  reader: WordReader,
  line: number,
): readonly IpSetMember[] {
  const texts = reader.value('a member').split(',');
  const extensions = readExtensions(reader, options);
  const dimensions: readonly IpSetDimension[] = IP_SET_TYPES[type];
  // bitmap:ip,mac takes an address alone.
  const least = type === 'bitmap:ip,mac' ? 1 : dimensions.length;
  if (texts.length < least || texts.length > dimensions.length)
    throw new Malformed(`${type} has ${dimensions.length} parts separated by commas, this member ${texts.length}`);
  let combined: readonly (readonly IpSetPart[])[] = [[]];
  for (const [at, dimension] of dimensions.entries()) {
    const parts = READERS[dimension](texts[at], type, options, extensions);
    combined =
      parts.length === 1
        ? combined.map((before) => [...before, ...parts])
        : combined.flatMap((before) => parts.map((part) => [...before, part]));
  }
  const { nomatch, timeoutSeconds } = extensions;
  return combined.map((parts) => ({ parts, nomatch, timeoutSeconds, line }));
}

type PartReader = (
  text: string | undefined,
  type: IpSetType,
  options: IpSetOptions,
  extensions: Extensions,
) => readonly IpSetPart[];

const addresses: PartReader = (text = '', _type, options) =>
  memberPrefixes(text, options.family).map((prefix) => ({ kind: 'prefix', prefix }));

const READERS: { readonly [D in IpSetDimension]: PartReader } = {
  ip: addresses,
  net: addresses,
  port: (text = '', type) => [memberPorts(text, type === 'bitmap:port')],
  mac: (text) => [{ kind: 'mac', mac: text === undefined ? null : must(parseMac(text)) }],
  mark: (text = '') => [{ kind: 'mark', value: must(parseFwmark(text)) }],
  iface: (text = '', _type, _options, { wildcard }) => {
    const physdev = text.startsWith('physdev:');
    const name = physdev ? text.slice('physdev:'.length) : text;
    if (name === '') throw new Malformed('the member names no interface');
    return [{ kind: 'iface', name, physdev, wildcard }];
  },
  set: (text = '') => [{ kind: 'set', name: text }],
};

function readExtensions(reader: WordReader, options: IpSetOptions): Extensions {
  let nomatch = false;
  let wildcard = false;
  let timeoutSeconds = options.timeoutSeconds;
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === 'nomatch') nomatch = true;
    else if (word === 'wildcard') wildcard = true;
    else if (word === 'timeout') timeoutSeconds = reader.number('a number of seconds');
    else if (word === 'packets' || word === 'bytes') reader.number(`a number of ${word}`, Number.MAX_VALUE);
    else if (word === 'comment') reader.value('a comment');
    else if (word === 'skbmark') reader.value('a mark').split('/').map(parseFwmark).forEach(must);
    else if (word === 'skbprio') classId(reader.value('a priority'));
    else if (word === 'skbqueue') reader.number('a queue', 65535);
    // Order within a list of sets: whether one of them matches does not depend on it.
    else if (word === 'before' || word === 'after') reader.value('the name of a set');
    else if (word !== '-exist' && word !== '-!') throw new Malformed(`"${word}" is not an option of a member`);
  }
  return { nomatch, wildcard, timeoutSeconds };
}

function classId(text: string): void {
  if (!/^[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4})?$/.test(text)) throw new Malformed(`"${text}" is not a priority`);
}
