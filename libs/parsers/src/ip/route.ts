/** `ip -j -d route show table all`, of one family. */
import {
  type Family,
  type IpAddress,
  type LineRef,
  type Prefix,
  parseIp,
  parsePrefix,
  prefix,
  type Result,
  type RouteType,
} from '@netverdict/linux-net';
import {
  type Fields,
  fieldList,
  flag,
  isFields,
  optionalAddress,
  optionalFields,
  optionalNumber,
  optionalText,
  parseArray,
  text,
  textList,
} from '../json/fields.ts';
import { Malformed, must, type ParseProblem } from '../problem.ts';
import type { NamedNextHop, NamedRoute } from './devices.ts';
import { scopeNumber, tableNumber, tosNumber } from './names.ts';
import { realmsOf } from './realms.ts';

const ROUTE_TYPES: readonly RouteType[] = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
];
/** They end the lookup with an error; the `dev lo` that IPv6 prints with them is no way to anywhere. */
const WITHOUT_NEXTHOP: ReadonlySet<RouteType> = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

export const parseIpRoute = (source: string, family: Family): Result<readonly NamedRoute[], ParseProblem> =>
  parseArray(source, (fields, at, raw) => readRoute(fields, at, raw, family));

export const isRouteType = (name: string): boolean => ROUTE_TYPES.some((type) => type === name);

export function routeType(name: string | null): RouteType {
  const type = ROUTE_TYPES.find((t) => t === (name ?? 'unicast'));
  if (!type) throw new Malformed(`"${name}" is not a route type`);
  return type;
}

export function routePrefix(name: string, family: Family): Prefix {
  if (name === 'default' || name === 'all') return prefix(family === 'ipv4' ? '0.0.0.0/0' : '::/0');
  const parsed = must(parsePrefix(name));
  if (parsed.family !== family) throw new Malformed(`"${name}" is not ${family}`);
  return parsed;
}

export const hasNexthop = (type: RouteType): boolean => !WITHOUT_NEXTHOP.has(type);

export function readRoute(fields: Fields, at: LineRef, raw: string, family: Family): NamedRoute {
  const own = beforeEncap(fields, raw);
  const type = routeType(optionalText(fields, 'type'));
  const several = fieldList(fields, 'nexthops');
  const tos = optionalText(own, 'tos');
  const source = optionalText(fields, 'from') ?? optionalText(own, 'src');
  const metrics = Object.assign({}, ...fieldList(fields, 'metrics')) as Fields;
  return {
    family,
    type,
    destination: routePrefix(text(own, 'dst'), family),
    table: tableNumber(optionalText(fields, 'table')),
    tos: tos === null ? 0 : tosNumber(tos),
    metric: optionalNumber(fields, 'metric') ?? 0,
    scope: scopeNumber(optionalText(fields, 'scope')),
    protocol: optionalText(fields, 'protocol') ?? 'boot',
    prefsrc: optionalAddress(fields, 'prefsrc'),
    mtuBytes: optionalNumber(metrics, 'mtu'),
    mtuLocked: ['lock', 'locked', 'mtu_lock'].some((name) => flag(metrics, name)),
    nexthops: !hasNexthop(type) ? [] : several.length > 0 ? several.map(readNextHop) : [readNextHop(fields)],
    nhid: optionalNumber(fields, 'nhid'),
    source: source === null ? null : routePrefix(source, family),
    ...preferenceOf(optionalText(fields, 'pref')),
    evidence: at,
  };
}

function preferenceOf(name: string | null): Pick<NamedRoute, 'preference'> {
  if (name === 'low' || name === 'medium' || name === 'high') return { preference: name };
  if (name === null) return {};
  throw new Malformed(`"${name}" is not a router preference`);
}

/** iproute2 prints the encap's own `dst`, `src`, `tos` and `id` into the route's object, after the route's. */
function beforeEncap(fields: Fields, raw: string): Fields {
  const at = raw.indexOf('"encap"');
  if (!('encap' in fields) || at < 0) return fields;
  try {
    const own: unknown = JSON.parse(`${raw.slice(0, at).trimEnd().replace(/,$/, '')}}`);
    return isFields(own) && 'dst' in own ? own : fields;
  } catch {
    throw new Malformed("the route's encap does not stand where iproute2 prints it");
  }
}

function readNextHop(fields: Fields): NamedNextHop {
  const flags = new Set(textList(fields, 'flags'));
  return {
    via: gatewayOf(fields),
    dev: optionalText(fields, 'dev'),
    weight: optionalNumber(fields, 'weight') ?? 1,
    onlink: flags.has('onlink'),
    dead: flags.has('dead'),
    linkdown: flags.has('linkdown'),
    encap: optionalText(fields, 'encap'),
    ...realmsOf(fields),
  };
}

/** `gateway`, or `via {family, host}` for an IPv4 route over an IPv6 gateway (RFC 5549). */
function gatewayOf(fields: Fields): IpAddress | null {
  const via = optionalFields(fields, 'via');
  return via ? must(parseIp(text(via, 'host'))) : optionalAddress(fields, 'gateway');
}
