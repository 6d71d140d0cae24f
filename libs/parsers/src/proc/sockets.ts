/**
 * /proc/net/{tcp,tcp6,udp,udp6,raw,raw6}: each file's lines under a heading `# tcp`.
 * Addresses are printed as the kernel holds them in memory, 32 bits at a time (tcp4_seq_show in net/ipv4/tcp_ipv4.c):
 * in the byte order of a little-endian machine.
 */
import type { IpAddress, Ipv4, Ipv6, Result, Socket } from '@netverdict/linux-net';
import { parseLines } from '../lines.ts';
import { fail, Malformed, type ParseProblem } from '../problem.ts';

const HEADING = /^#\s*(tcp|udp|udplite|sctp|raw)(6?)\b/;
const ADDRESS = /^([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4})$/;
/** include/net/tcp_states.h; UDP and raw sockets are "closed" (7) until they are connected. */
const TCP_ESTABLISHED = 1;
const TCP_CLOSE = 7;
const TCP_LISTEN = 10;

interface File {
  readonly protocol: Socket['protocol'];
  readonly family: Socket['family'];
}

export function parseSockets(text: string): Result<readonly Socket[], ParseProblem> {
  let file: File | null = null;
  const sockets = parseLines(text, (line, number) => {
    if (line.startsWith('#')) {
      file = heading(line) ?? file;
      return null;
    }
    if (line.trimStart().startsWith('sl ')) return null;
    if (!file) throw new Malformed('expected a heading such as "# tcp" before the first socket');
    return readSocket(line, number, file);
  });
  // Without a heading nothing was read, which is not the same as "nobody listens".
  return sockets.ok && !file ? fail('expected a heading such as "# tcp", found none', 1, text) : sockets;
}

function heading(line: string): File | null {
  const match = HEADING.exec(line);
  if (!match) return null;
  const name = match[1] === 'udplite' ? 'udp' : (match[1] as Socket['protocol']);
  return { protocol: name, family: match[2] === '6' ? 'ipv6' : 'ipv4' };
}

/** Behind the kernel's columns the agent adds what sock_diag knows: `# v6only=0 dev=0 rqueue=0 wqueue=128`. */
function readSocket(line: string, number: number, file: File): Socket {
  const columns = line.trim().split(/\s+/);
  const [, local, remote, stateText] = columns;
  const state = Number.parseInt(stateText ?? '', 16);
  if (local === undefined || remote === undefined || !Number.isInteger(state))
    throw new Malformed('expected "sl local_address rem_address st …"');
  const peer = endpoint(remote, file);
  const extra = new Map(
    columns.filter((c) => c.includes('=')).map((c) => [c.slice(0, c.indexOf('=')), c.slice(c.indexOf('=') + 1)]),
  );
  return {
    protocol: file.protocol,
    family: file.family,
    local: endpoint(local, file),
    remote: peer.port === 0 && peer.address === (file.family === 'ipv4' ? 0 : 0n) ? null : peer,
    state: stateOf(file, state),
    v6only: booleanOf(extra.get('v6only')),
    dev: numberOf(extra.get('dev')) || null,
    acceptQueue: file.protocol === 'tcp' && state === TCP_LISTEN ? acceptQueue(extra) : null,
    receiveBuffer: file.protocol === 'udp' ? receiveBuffer(extra) : null,
    transparent: booleanOf(extra.get('transparent')),
    ...uidOf(columns[UID_COLUMN]),
    process: extra.get('process') ?? null,
    line: number,
  };
}

/** `sl local rem st tx:rx tr:when retrnsmt uid …` */
const UID_COLUMN = 7;
const uidOf = (text: string | undefined): { uid?: number } => {
  const uid = numberOf(text);
  return uid === null ? {} : { uid };
};

function stateOf(file: File, state: number): Socket['state'] {
  if (state === TCP_ESTABLISHED) return 'established';
  if (file.protocol === 'tcp' || file.protocol === 'sctp') return state === TCP_LISTEN ? 'listen' : 'other';
  return state === TCP_CLOSE ? 'unconnected' : 'other';
}

/** sock_diag tells both numbers of a listener (inet_diag(7)); the file's own rx_queue is only how many wait. */
function acceptQueue(extra: ReadonlyMap<string, string>): Socket['acceptQueue'] {
  const length = numberOf(extra.get('rqueue'));
  const limit = numberOf(extra.get('wqueue'));
  return length === null || limit === null ? null : { length, limit };
}

function receiveBuffer(extra: ReadonlyMap<string, string>): Socket['receiveBuffer'] {
  const bytes = numberOf(extra.get('rmem'));
  const limit = numberOf(extra.get('rcvbuf'));
  return bytes === null || limit === null ? null : { bytes, limit };
}

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
const booleanOf = (text: string | undefined): boolean | null => (text === undefined ? null : text === '1');

function endpoint(text: string, file: File): { address: IpAddress; port: number } {
  const match = ADDRESS.exec(text);
  const hex = match?.[1] ?? '';
  if (!match || (hex.length === 8) !== (file.family === 'ipv4'))
    throw new Malformed(`"${text}" is not an address and port of /proc/net/${file.protocol}`);
  const words = hex.match(/.{8}/g) ?? [];
  const port = Number.parseInt(match[2] as string, 16);
  if (file.family === 'ipv4') return { address: swapped(hex) as Ipv4, port };
  return { address: words.reduce((sum, word) => (sum << 32n) | BigInt(swapped(word)), 0n) as Ipv6, port };
}

function swapped(word: string): number {
  const value = Number.parseInt(word, 16);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
