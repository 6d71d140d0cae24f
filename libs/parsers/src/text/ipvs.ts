/** `ipvsadm -L` and `ipvsadm -S` (ipvsadm(8)), with and without -n, and the listings of counters. */
import {
  type IpvsForward,
  type IpvsProtocol,
  type IpvsServer,
  type IpvsService,
  ok,
  parseFwmark,
  parseIp,
  type Result,
} from '@netverdict/linux-net';
import { lines } from '../lines.ts';
import { Malformed, must, type ParseProblem, readLine } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { nothing, reader, strange } from './pasted.ts';

type Service = Omit<IpvsService, 'servers'> & { readonly servers: IpvsServer[] };

export function parseIpvsText(text: string): Result<readonly IpvsService[], ParseProblem> {
  const services: Service[] = [];
  let headings = 0;
  for (const { line, text: raw } of lines(text)) {
    const words = reader(raw.trim());
    if (words.peek() === undefined) continue;
    const read = readLine(line, raw, () => {
      if (HEADINGS.some((heading) => heading.test(raw.trim()))) headings++;
      else if (words.peek()?.startsWith('-') && words.peek() !== '->') readCommand(words, line, services);
      else readListing(words, line, services);
    });
    if (!read.ok) return read;
  }
  // A table without services is headings only.
  return services.length === 0 && headings === 0 ? nothing(text) : ok(services);
}

const HEADINGS: readonly RegExp[] = [
  /^IP Virtual Server version [\d.]+ \(size=\d+\)$/,
  /^Prot LocalAddress:Port(\s+[A-Za-z]+)*$/,
  /^-> RemoteAddress:Port(\s+[A-Za-z]+)*$/,
];

const LISTED: Readonly<Record<string, IpvsProtocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp', FWM: 'fwmark' };
const FORWARDS: Readonly<Record<string, IpvsForward>> = {
  Masq: 'masquerade',
  Route: 'route',
  Tunnel: 'tunnel',
  Local: 'local',
};

function readListing(words: WordReader, line: number, services: Service[]): void {
  const first = words.value('a protocol');
  if (first === '->') {
    serviceOf(services).servers.push(readServer(words, line));
    return;
  }
  const protocol = Object.hasOwn(LISTED, first) ? LISTED[first] : undefined;
  if (!protocol) throw strange(first);
  const end = endOf(protocol, words.value('an address'));
  const scheduler = words.peek();
  if (scheduler === undefined) throw new Malformed('the service has neither a scheduler nor counters');
  if (isCounter(scheduler)) {
    counters(words);
    services.push({ protocol, ...end, scheduler: null, flags: [], persistentSeconds: null, servers: [], line });
    return;
  }
  words.next();
  const flags: string[] = [];
  let persistentSeconds: number | null = null;
  for (let word = words.next(); word !== undefined; word = words.next())
    if (word === 'persistent') persistentSeconds = words.number('a number of seconds');
    else if (word === 'mask') must(parseIp(words.value('a mask')));
    else if (word === 'ops' || /^\([a-z0-9,-]+\)$/.test(word)) flags.push(word);
    else if (word === 'pe') flags.push(`pe ${words.value('a persistence engine')}`);
    else throw strange(word);
  services.push({ protocol, ...end, scheduler, flags, persistentSeconds, servers: [], line });
}

function readServer(words: WordReader, line: number): IpvsServer {
  const { address, port } = hostPort(words.value('an address'));
  const next = words.peek() ?? '';
  if (isCounter(next)) {
    counters(words);
    return { address, port, forward: null, weight: null, line };
  }
  const forward = Object.hasOwn(FORWARDS, next) ? FORWARDS[next] : undefined;
  if (!forward) throw strange(next);
  words.next();
  const weight = words.number('a weight');
  for (let word = words.next(); word !== undefined; word = words.next())
    if (!/^(\d+|-)$/.test(word)) throw strange(word);
  return { address, port, forward, weight, line };
}

/** `12`, `3K`, `4M`: counts are shortened unless asked for exactly. */
const isCounter = (word: string): boolean => /^\d+[KMGT]?$/.test(word);

function counters(words: WordReader): void {
  for (let word = words.next(); word !== undefined; word = words.next()) if (!isCounter(word)) throw strange(word);
}

function serviceOf(services: readonly Service[]): Service {
  const service = services.at(-1);
  if (!service) throw new Malformed('a server without its service');
  return service;
}

type End = Pick<IpvsService, 'address' | 'port' | 'fwmark'>;

function endOf(protocol: IpvsProtocol, text: string): End {
  if (protocol === 'fwmark') return { address: null, port: null, fwmark: must(parseFwmark(text)) };
  return { ...hostPort(text), fwmark: null };
}

/** `10.0.0.1:80`, `[fd00::1]:80`, `10.0.0.1:mysql`. */
function hostPort(text: string): Pick<IpvsServer, 'address' | 'port'> {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([A-Za-z0-9-]+)$/.exec(text);
  if (!match) throw new Malformed(`"${text}" is not an address with its port`);
  const port = match[3] ?? '';
  if (/^\d+$/.test(port) && Number(port) > 65535) throw new Malformed(`"${port}" is not a port`);
  return { address: must(parseIp(match[1] ?? match[2] ?? '')), port: /^\d+$/.test(port) ? Number(port) : port };
}

const OPTIONS: Readonly<Record<string, IpvsProtocol>> = {
  '-t': 'tcp',
  '-u': 'udp',
  '-f': 'fwmark',
  '--tcp-service': 'tcp',
  '--udp-service': 'udp',
  '--sctp-service': 'sctp',
  '--fwmark-service': 'fwmark',
};
const METHODS: Readonly<Record<string, IpvsForward>> = { '-m': 'masquerade', '-g': 'route', '-i': 'tunnel' };

/** `-A -t 10.0.0.1:80 -s rr -p 300`, `-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1`: what `ipvsadm -S` prints. */
function readCommand(words: WordReader, line: number, services: Service[]): void {
  const command = words.value('a command');
  if (command !== '-A' && command !== '-a') throw strange(command);
  const option = words.value('a protocol');
  const protocol = Object.hasOwn(OPTIONS, option) ? OPTIONS[option] : undefined;
  if (!protocol) throw strange(option);
  const end = endOf(protocol, words.value('an address'));
  if (command === '-A') services.push(readService(words, { protocol, ...end, line }));
  else {
    const service = services.find(
      (s) => s.protocol === protocol && s.address === end.address && s.port === end.port && s.fwmark === end.fwmark,
    );
    if (!service) throw new Malformed('the service of this server is not there');
    service.servers.push(readReal(words, line));
  }
}

function readService(words: WordReader, service: Pick<Service, 'protocol' | 'line'> & End): Service {
  let scheduler: string | null = null;
  let persistentSeconds: number | null = null;
  const flags: string[] = [];
  for (let word = words.next(); word !== undefined; word = words.next())
    if (word === '-s') scheduler = words.value('a scheduler');
    else if (word === '-p') persistentSeconds = words.number('a number of seconds');
    else if (word === '-M') words.value('a mask');
    else if (word === '-b') flags.push(words.value('flags of the scheduler'));
    else if (word === '-o' || word === '--ops') flags.push('ops');
    else if (word === '--pe') flags.push(`pe ${words.value('a persistence engine')}`);
    else throw strange(word);
  return { ...service, scheduler, persistentSeconds, flags, servers: [] };
}

function readReal(words: WordReader, line: number): IpvsServer {
  let end: Pick<IpvsServer, 'address' | 'port'> | null = null;
  let forward: IpvsForward = 'route';
  let weight = 1;
  for (let word = words.next(); word !== undefined; word = words.next()) {
    const method = Object.hasOwn(METHODS, word) ? METHODS[word] : undefined;
    if (method) forward = method;
    else if (word === '-r') end = hostPort(words.value('an address'));
    else if (word === '-w') weight = words.number('a weight');
    else if (word === '-x' || word === '-y') words.number('a threshold');
    else if (/^--tun-(type|port|info)$/.test(word)) words.value('what the tunnel is');
    else throw strange(word);
  }
  if (!end) throw new Malformed('the server has no address');
  return { ...end, forward, weight, line };
}
