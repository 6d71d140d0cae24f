/** `inet 10.0.0.1/24 brd 10.0.0.255 scope global secondary eth0`: the line of one address (ip/ipaddress.c of iproute2). */
import { Malformed } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { type Building, type Grammar, numeric, readWords, skip, strange, value } from './pasted.ts';

export function readAddressLine(family: 'inet' | 'inet6', words: WordReader): Building {
  const fields: Building = { family };
  const [local, length] = split(words.value('an address'));
  fields.local = local;
  // With a peer the length is the peer's.
  fields.prefixlen = length ?? (family === 'inet' ? 32 : 128);
  readWords(words, ADDRESS, fields, (word) => {
    // The label of an IPv4 address ends its line.
    if (family === 'inet6' || words.peek() !== undefined) throw strange(word);
    fields.label = word;
  });
  return fields;
}

function split(text: string): readonly [string, number | null] {
  const [address = '', length, ...more] = text.split('/');
  if (more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)))
    throw new Malformed(`"${text}" is not an address with its length`);
  return [address, length === undefined ? null : Number(length)];
}

const set: Grammar[string] = (_words, fields, word) => {
  fields[word] = true;
};

const ADDRESS: Grammar = {
  peer: (words, fields) => {
    const [address, length] = split(words.value('an address'));
    fields.address = address;
    if (length !== null) fields.prefixlen = length;
  },
  brd: value('broadcast'),
  any: skip(1),
  metric: numeric(),
  scope: value(),
  proto: skip(1),
  flags: skip(1),
  secondary: set,
  temporary: set,
  tentative: set,
  dadfailed: set,
  deprecated: set,
  dynamic: set,
  nodad: set,
  optimistic: set,
  home: set,
  mngtmpaddr: set,
  noprefixroute: set,
  autojoin: set,
  'stable-privacy': set,
};
