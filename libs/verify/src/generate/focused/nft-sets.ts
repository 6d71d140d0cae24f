/**
 * Sets and maps of nft for one packet, of every kind of lookup (exact, intervals, concatenations, with and without ranges) and of
 * every kind of data: in half of them the packet's key is, and some hold an element for all other keys.
 */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import type { Focus } from './focused.ts';

interface Of {
  readonly focus: Focus;
  readonly packet: FlowSpec;
}

export interface SetCase {
  readonly text: readonly string[];
  readonly rule: string;
  /** What a later hook asks of the mark that the map gave; null: the rule decides itself. */
  readonly behind: string | null;
}

/** What is looked up: its type, the words of the key, and a key that is the packet's and one that is not. */
interface Key {
  readonly type: string;
  readonly words: string;
  readonly flags: '' | 'interval';
  readonly own: string;
  readonly other: string;
}

type KeyOf = (of: Of) => Key;

const addressType = ({ focus }: Of): string => (focus.family === 'ipv4' ? 'ipv4_addr' : 'ipv6_addr');
const daddr = ({ focus }: Of): string => (focus.family === 'ipv4' ? 'ip daddr' : 'ip6 daddr');
const around = (focus: Focus, hosts: number): string =>
  focus.draft.random.pick(
    focus.family === 'ipv4'
      ? [`10.2.0.0/24`, `10.2.0.0-10.2.0.${hosts}`, '10.0.0.0/8']
      : ['fd00:2::/64', `fd00:2::-fd00:2::${hosts.toString(16)}`, 'fd00::/16'],
  );
const apart = (focus: Focus): string => (focus.family === 'ipv4' ? '172.16.0.0/12' : 'fd99::/16');

const HASH: KeyOf = (of) => ({
  type: addressType(of),
  words: daddr(of),
  flags: '',
  own: of.packet.destination,
  other: address(of.focus.family, 9, 9),
});
const PORT: KeyOf = ({ focus, packet }) => ({
  type: 'inet_service',
  words: `${focus.protocol} dport`,
  flags: '',
  own: String(packet.dport),
  other: '9',
});
const INTERVAL: KeyOf = (of) => ({
  type: addressType(of),
  words: daddr(of),
  flags: 'interval',
  own: around(of.focus, 254),
  other: apart(of.focus),
});
const PORTS: KeyOf = ({ focus, packet }) => ({
  type: 'inet_service',
  words: `${focus.protocol} dport`,
  flags: 'interval',
  own: focus.draft.random.pick([`${packet.dport - 1}-${packet.dport}`, `${packet.dport}-65535`, `1-${packet.dport}`]),
  other: `1-${packet.dport - 1}`,
});
const BOTH: KeyOf = (of) => ({
  type: `${addressType(of)} . inet_service`,
  words: `${daddr(of)} . ${of.focus.protocol} dport`,
  flags: '',
  own: `${of.packet.destination} . ${of.packet.dport}`,
  other: `${of.packet.destination} . 9`,
});
const BOTH_RANGED: KeyOf = (of) => ({
  type: `${addressType(of)} . inet_service`,
  words: `${daddr(of)} . ${of.focus.protocol} dport`,
  flags: 'interval',
  own: `${around(of.focus, 254)} . ${of.focus.draft.random.pick([`${of.packet.dport}`, '80-8080', '1-65535'])}`,
  other: of.focus.draft.random.pick([`${around(of.focus, 254)} . 1-9`, `${apart(of.focus)} . 80-8080`]),
});

const KEYS: readonly KeyOf[] = [HASH, PORT, INTERVAL, PORTS, BOTH, BOTH_RANGED, BOTH_RANGED, BOTH_RANGED];

const named = (
  { focus }: Of,
  kind: 'set' | 'map',
  key: Key,
  data: string,
  elements: readonly string[],
): readonly string[] => [
  `${kind} s${focus.ports.from} {`,
  `  type ${key.type}${data};`,
  ...(key.flags === '' ? [] : [`  flags ${key.flags};`]),
  `  elements = { ${elements.join(', ')} }`,
  '}',
];

/** The packet's key or another one, and now and then an element for all others. */
const keysIn = ({ focus: { draft } }: Of, key: Key): string[] => [
  draft.random.pick([key.own, key.own, key.other]),
  ...(draft.random.chance(0.3) ? ['*'] : []),
];

const setOf =
  (keyOf: KeyOf) =>
  (of: Of): SetCase => {
    const key = keyOf(of);
    return {
      text: named(of, 'set', key, '', keysIn(of, key)),
      rule: `${key.words} ${of.focus.draft.random.chance(0.3) ? '!= ' : ''}@s${of.focus.ports.from} drop`,
      behind: null,
    };
  };

export const setCases: readonly ((of: Of) => SetCase)[] = KEYS.map(setOf);

const verdicts =
  (keyOf: KeyOf) =>
  (of: Of): SetCase => {
    const key = keyOf(of);
    const elements = keysIn(of, key).map(
      (k) => `${k} : ${of.focus.draft.random.pick(['drop', 'drop', 'drop', 'accept'])}`,
    );
    return {
      text: named(of, 'map', key, ' : verdict', elements),
      rule: `${key.words} vmap @s${of.focus.ports.from}`,
      behind: null,
    };
  };

const marks =
  (keyOf: KeyOf) =>
  (of: Of): SetCase => {
    const key = keyOf(of);
    const elements = keysIn(of, key).map((k, i) => `${k} : ${i + 1}`);
    return {
      text: named(of, 'map', key, ' : mark', elements),
      rule: `meta mark set ${key.words} map @s${of.focus.ports.from}`,
      behind: of.focus.draft.random.pick(['meta mark != 0 drop', 'meta mark 1 drop', 'meta mark 2 drop']),
    };
  };

export const mapCases: readonly ((of: Of) => SetCase)[] = KEYS.flatMap((keyOf) => [verdicts(keyOf), marks(keyOf)]);

export const rarestSets: readonly ((of: Of) => SetCase)[] = [
  setOf(BOTH_RANGED),
  setOf(INTERVAL),
  setOf(PORTS),
  verdicts(HASH),
  verdicts(INTERVAL),
  verdicts(PORTS),
  verdicts(BOTH_RANGED),
  verdicts(BOTH_RANGED),
  marks(INTERVAL),
  marks(PORTS),
  marks(BOTH_RANGED),
  marks(HASH),
];
