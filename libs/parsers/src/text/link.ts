/** `ip link` and `ip address`, plain and with -d or -s (ip/ipaddress.c of iproute2): links with the addresses under them. */
import { type InterfaceAddress, type Link, ok, type Result } from '@netverdict/linux-net';
import { readAddress } from '../ip/address.ts';
import { type LinkElement, readLinks } from '../ip/link.ts';
import { number } from '../json/fields.ts';
import { lines } from '../lines.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { readAddressLine } from './address.ts';
import { readKind, readSlaveKind } from './link-kind.ts';
import { COMMON } from './link-words.ts';
import {
  alone,
  type Building,
  type Grammar,
  nothing,
  numeric,
  reader,
  readWords,
  skip,
  strange,
  value,
} from './pasted.ts';

export interface LinksAndAddresses {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
}

interface Reading extends LinkElement {
  readonly fields: Building;
  readonly addresses: Building[];
  /** The heading of numbers has stood (`RX: bytes packets …`), and how many may follow. */
  numbers: number | null;
}

export function parseIpLinkText(text: string): Result<LinksAndAddresses, ParseProblem> {
  const read: Reading[] = [];
  const addresses: InterfaceAddress[] = [];
  for (const { line, text: raw } of lines(text)) {
    const words = reader(raw.trim());
    if (words.peek() === undefined) continue;
    const result = readLine(line, raw, () => {
      if (/^\d+:$/.test(words.peek() ?? '')) {
        read.push(readHead(words, line, raw.trim()));
        return;
      }
      const link = read.at(-1);
      if (!link) throw new Malformed('this stands before the first link');
      const before = link.addresses.length;
      readUnderLink(words, link);
      const address = link.addresses[before];
      if (address) addresses.push(readAddress(address, number(link.fields, 'ifindex')));
    });
    if (!result.ok) return result;
  }
  if (read.length === 0) return nothing(text);
  const links = readLinks(read);
  return links.ok ? ok({ links: links.value, addresses }) : links;
}

/** `7: veth1@if3: <UP,LOWER_UP> mtu 1500 …` */
function readHead(words: WordReader, line: number, text: string): Reading {
  const fields: Building = { ifindex: Number.parseInt(words.value('an index'), 10) };
  const name = /^([^@]+)(?:@(.+))?:$/.exec(words.value('a name'));
  if (!name) throw new Malformed('a link has a name, and a colon behind it');
  fields.ifname = name[1];
  const below = name[2];
  const index = /^if(\d+)$/.exec(below ?? '');
  if (index) fields.link_index = Number(index[1]);
  else if (below !== undefined && below !== 'NONE') fields.link = below;
  const flags = /^<([A-Z0-9_,-]*)>$/.exec(words.value('flags'));
  if (!flags) throw new Malformed('flags stand between < and >');
  fields.flags = flags[1]?.split(',').filter((flag) => flag !== '');
  readWords(words, HEAD, fields);
  return { at: { line, text }, fields, addresses: [], numbers: null };
}

const HEAD: Grammar = {
  mtu: numeric(),
  qdisc: value(),
  master: value(),
  state: value('operstate'),
  mode: value('linkmode'),
  group: value(),
  qlen: numeric('txqlen'),
  xdp: alone(),
  xdpgeneric: alone('xdp'),
  xdpdrv: alone('xdp'),
  xdpoffload: alone('xdp'),
  xdpmulti: alone('xdp'),
  event: skip(1),
  vf: skip(1),
};

function readUnderLink(words: WordReader, link: Reading): void {
  const { fields } = link;
  const first = words.value('a word');
  if (link.numbers !== null && /^\d+$/.test(first)) {
    for (let word = words.next(); word !== undefined; word = words.next())
      if (!/^\d+$/.test(word)) throw new Malformed(`"${word}" is not a number`);
    link.numbers = null;
  } else if (first.startsWith('link/')) readLinkLayer(first.slice('link/'.length), words, fields);
  else if (first === 'inet' || first === 'inet6') link.addresses.push(readAddressLine(first, words));
  else if (first === 'valid_lft') readLifetime(words);
  else if (first === 'RX:' || first === 'TX:' || first === 'RX' || first === 'TX') readHeading(words, link);
  else if (ASIDE.has(first)) drop(words);
  else if (!readSlaveKind(first, words, fields) && !readKind(first, words, fields)) throw strange(first);
}

/** Other names, programs and virtual functions of a link: nothing of the model depends on what they say. */
const ASIDE: ReadonlySet<string> = new Set(['altname', 'alias', 'prog/xdp', 'vf', 'query_rss']);

function drop(words: WordReader): void {
  while (words.next() !== undefined);
}

const HEADINGS: ReadonlySet<string> = new Set(
  (
    'errors bytes packets dropped overrun mcast missed carrier collsns compressed length crc frame fifo over errors: ' +
    'aborted window heartbt transns nohandler otherhost carrier_changes'
  ).split(' '),
);

function readHeading(words: WordReader, link: Reading): void {
  let count = 0;
  for (let word = words.next(); word !== undefined; word = words.next()) {
    if (!HEADINGS.has(word)) throw strange(word);
    count++;
  }
  link.numbers = count;
}

/** `link/ether 02:… brd ff:… link-netnsid 0 promiscuity 0 …`; tunnels have IP addresses and a peer there. */
function readLinkLayer(type: string, words: WordReader, fields: Building): void {
  fields.link_type = type;
  const address = words.peek();
  if (address !== undefined && !Object.hasOwn(LAYER, address)) fields.address = words.next();
  readWords(words, LAYER, fields);
}

/** A namespace by its name is another one, of an id that the text does not say: none that a link could have. */
const ANOTHER_NAMESPACE = -1;

const LAYER: Grammar = {
  brd: skip(1),
  peer: skip(1),
  permaddr: skip(1),
  'link-netnsid': numeric('link_netnsid'),
  'link-netns': (words, fields) => {
    words.value('the name of a namespace');
    fields.link_netnsid = ANOTHER_NAMESPACE;
  },
  'new-nsid': skip(1),
  'new-ifindex': skip(1),
  protodown: skip(1),
  promiscuity: numeric(),
  allmulti: skip(1),
  minmtu: skip(1),
  maxmtu: skip(1),
  ...COMMON,
};

function readLifetime(words: WordReader): void {
  const lifetime = (): void => {
    const text = words.value('a lifetime');
    if (!/^(forever|\d+(sec)?)$/.test(text)) throw new Malformed(`"${text}" is not a lifetime`);
  };
  lifetime();
  if (words.value('"preferred_lft"') !== 'preferred_lft') throw new Malformed('expected "preferred_lft"');
  lifetime();
  const more = words.next();
  if (more !== undefined) throw strange(more);
}
