/** `ip route`, also `show table all`: one or both families, plain and with -d (ip/iproute.c of iproute2). */
import { type Family, type LineRef, ok, type Result } from '@netverdict/linux-net';
import type { NamedRoute } from '../ip/devices.ts';
import { isRouteType, readRoute } from '../ip/route.ts';
import { lines } from '../lines.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { readEncap } from './encap.ts';
import {
  type Building,
  type Grammar,
  inFlags,
  nothing,
  numeric,
  reader,
  readWords,
  skip,
  strange,
  value,
} from './pasted.ts';

export interface RouteTables {
  readonly routes4: readonly NamedRoute[];
  readonly routes6: readonly NamedRoute[];
}

interface Line {
  readonly fields: Building;
  readonly at: LineRef;
}

/** `family` of what does not say: a `default` without a gateway before any other route. */
export function parseIpRouteText(text: string, family: Family = 'ipv4'): Result<RouteTables, ParseProblem> {
  const records: Line[] = [];
  for (const { line, text: raw } of lines(text)) {
    const content = raw.trim();
    const read = readLine(line, raw, () => readRouteLine(reader(content), { line, text: content }, records));
    if (!read.ok) return read;
  }
  if (records.length === 0) return nothing(text);
  const routes = { ipv4: [] as NamedRoute[], ipv6: [] as NamedRoute[] };
  let current = family;
  for (const { fields, at } of records) {
    current = familyOfRoute(fields) ?? current;
    const route = readLine(at.line, at.text, () => readRoute(fields, at, at.text, current));
    if (!route.ok) return route;
    routes[current].push(route.value);
  }
  return ok({ routes4: routes.ipv4, routes6: routes.ipv6 });
}

function readRouteLine(words: WordReader, at: LineRef, records: Line[]): void {
  const first = words.peek();
  if (first === undefined) return;
  // With -d, what a nexthop object is: the route's line has said so already.
  if (first === 'nh_info') return;
  if (first === 'nexthop') {
    const route = records.at(-1);
    if (!route) throw new Malformed('a nexthop without its route');
    readWords(words, ROUTE, route.fields);
    return;
  }
  const fields: Building = { flags: [] };
  if (isRouteType(first)) fields.type = words.next();
  fields.dst = words.value('a destination');
  readWords(words, ROUTE, fields);
  records.push({ fields, at });
}

/** Written in the destination, the source or, for a default route, the gateway. Routes of both families come one family after the other. */
function familyOfRoute(fields: Building): Family | null {
  const colon = (text: unknown): boolean => typeof text === 'string' && text.includes(':');
  const { dst, from, prefsrc, gateway, via } = fields;
  if (dst !== 'default') return colon(dst) ? 'ipv6' : 'ipv4';
  if (colon(from) || colon(prefsrc) || colon(gateway)) return 'ipv6';
  if (gateway !== undefined || prefsrc !== undefined || via !== undefined) return 'ipv4';
  const hops = fields.nexthops;
  const hop: unknown = Array.isArray(hops) ? hops[0] : undefined;
  return typeof hop === 'object' && hop !== null && 'gateway' in hop ? (colon(hop.gateway) ? 'ipv6' : 'ipv4') : null;
}

/** What `via`, `dev`, `weight` and the flags belong to: the last nexthop, which stand at the end, or the route itself. */
const place = (fields: Building): Building => {
  const hops = fields.nexthops;
  return Array.isArray(hops) ? (hops.at(-1) as Building) : fields;
};
const here =
  (read: Grammar[string]): Grammar[string] =>
  (words, fields, word) =>
    read(words, place(fields), word);
const flag = here(inFlags);

/** RTAX_*: `mtu lock 1400`. */
const metric: Grammar[string] = (words, fields, word) => {
  const locked = words.peek() === 'lock';
  if (locked) words.next();
  const text = words.value(`what "${word}" is`);
  const known = fields.metrics;
  const metrics: Building = Array.isArray(known) ? (known[0] as Building) : {};
  metrics[word] = /^\d+$/.test(text) ? Number(text) : text;
  if (locked && word === 'mtu') metrics.lock = true;
  fields.metrics = [metrics];
};

const features: Grammar[string] = (words) => {
  while (FEATURES.has(words.peek() ?? '')) words.next();
};
const FEATURES: ReadonlySet<string> = new Set(['ecn', 'tcp_usec_ts']);

const ROUTE: Grammar = {
  nexthop: (_words, fields) => {
    const hop: Building = { flags: [] };
    const known = fields.nexthops;
    fields.nexthops = [...(Array.isArray(known) ? (known as unknown[]) : []), hop];
  },
  tos: value(),
  dsfield: value('tos'),
  from: value(),
  nhid: numeric(),
  encap: (words, fields) => {
    place(fields).encap = readEncap(words);
  },
  via: (words, fields) => {
    const first = words.value('a gateway');
    if (first === 'inet' || first === 'inet6') place(fields).via = { family: first, host: words.value('an address') };
    else place(fields).gateway = first;
  },
  dev: here(value()),
  weight: here(numeric()),
  table: value(),
  proto: value('protocol'),
  scope: value(),
  src: value('prefsrc'),
  metric: numeric(),
  // `realms from/to` of the route or of one of its nexthops.
  realm: (words, fields) => {
    place(fields).flow = { to: words.value('a realm') };
  },
  realms: (words, fields) => {
    const [from, to, ...more] = words.value('realms').split('/');
    if (more.length > 0) throw strange('realms');
    place(fields).flow = to === undefined ? { to: from } : { from, to };
  },
  onlink: flag,
  linkdown: flag,
  dead: flag,
  pervasive: flag,
  offload: flag,
  trap: flag,
  notify: flag,
  unresolved: flag,
  rt_offload: flag,
  rt_trap: flag,
  rt_offload_failed: flag,
  mtu: metric,
  window: metric,
  rtt: metric,
  rttvar: metric,
  ssthresh: metric,
  cwnd: metric,
  advmss: metric,
  reordering: metric,
  hoplimit: metric,
  initcwnd: metric,
  initrwnd: metric,
  rto_min: metric,
  quickack: metric,
  congctl: metric,
  fastopen_no_cookie: metric,
  features,
  expires: skip(1),
  error: skip(1),
  users: skip(1),
  age: skip(1),
  used: skip(1),
  uid: skip(1),
  pref: value(),
  'ttl-propagate': skip(1),
};
