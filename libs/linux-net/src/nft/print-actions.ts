/** Statements: what a rule does once it matched. */
import type { Datatype } from './datatypes.ts';
import type { NftExpr, Register } from './expressions.ts';
import { headerOption } from './print-loads.ts';
import type { NftFamily } from './ruleset.ts';

/** What a register holds, written as that type. */
export type Reader = (register: Register, type: Datatype) => string;

const UNITS: Readonly<Record<number, string>> = {
  1: 'second',
  60: 'minute',
  3600: 'hour',
  86400: 'day',
  604800: 'week',
};
const LEVELS = 'emerg alert crit err warn notice info debug audit'.split(' ');
const WARN = 4;
const ICMP_REASONS: Readonly<Record<number, string>> = {
  0: 'net-unreachable',
  1: 'host-unreachable',
  2: 'prot-unreachable',
  3: 'port-unreachable',
  9: 'net-prohibited',
  10: 'host-prohibited',
  13: 'admin-prohibited',
};
const ICMPV6_REASONS: Readonly<Record<number, string>> = {
  0: 'no-route',
  1: 'admin-prohibited',
  3: 'addr-unreachable',
  4: 'port-unreachable',
  5: 'policy-fail',
  6: 'reject-route',
};
const ICMPX_REASONS = ['no-route', 'port-unreachable', 'host-unreachable', 'admin-prohibited'];
const DEFAULT_BURST = 5;

function bytesText(bytes: number): string {
  const MIB = 1024 * 1024;
  if (bytes % MIB === 0 && bytes > 0) return `${bytes / MIB} mbytes`;
  return bytes % 1024 === 0 && bytes > 0 ? `${bytes / 1024} kbytes` : `${bytes} bytes`;
}

function rejectText(e: NftExpr & { kind: 'reject' }, family: NftFamily): string {
  if (e.type === 'tcp-reset') return 'reject with tcp reset';
  if (e.type === 'icmpx') return e.code === 1 ? 'reject' : `reject with icmpx ${ICMPX_REASONS[e.code] ?? e.code}`;
  if (family === 'ip6') return e.code === 4 ? 'reject' : `reject with icmpv6 ${ICMPV6_REASONS[e.code] ?? e.code}`;
  return e.code === 3 && family === 'ip' ? 'reject' : `reject with icmp ${ICMP_REASONS[e.code] ?? e.code}`;
}

function limitText(e: NftExpr & { kind: 'limit' }): string {
  const rate = e.type === 'bytes' ? `${bytesText(e.rate)}` : String(e.rate);
  const standard = e.type === 'bytes' ? e.burst === 0 : e.burst === DEFAULT_BURST;
  const burst = standard ? '' : ` burst ${e.type === 'bytes' ? bytesText(e.burst) : `${e.burst} packets`}`;
  return `limit rate ${e.invert ? 'over ' : ''}${rate}/${UNITS[e.unitSeconds] ?? `${e.unitSeconds}s`}${burst}`;
}

function logText(e: NftExpr & { kind: 'log' }): string {
  const all = e.flags.length === 5;
  return [
    'log',
    e.prefix === null ? '' : `prefix "${e.prefix}"`,
    e.level === null || e.level === WARN ? '' : `level ${LEVELS[e.level] ?? e.level}`,
    e.group === null ? '' : `group ${e.group}`,
    e.snaplen === null ? '' : `snaplen ${e.snaplen}`,
    e.queueThreshold === null ? '' : `queue-threshold ${e.queueThreshold}`,
    all ? 'flags all' : e.flags.length === 0 ? '' : `flags ${e.flags.join(',')}`,
  ]
    .filter(Boolean)
    .join(' ');
}

interface Ports {
  readonly portMin: Register | null;
  readonly portMax: Register | null;
  readonly flags: readonly string[];
}
function portsText({ portMin, portMax }: Ports, value: Reader): string {
  if (portMin === null) return '';
  const from = value(portMin, 'decimal');
  const to = portMax === null ? from : value(portMax, 'decimal');
  return `:${from}${to === from ? '' : `-${to}`}`;
}
const flagsText = ({ flags }: Ports): string => {
  const said = flags.filter((f) => f !== 'netmap');
  return said.length === 0 ? '' : ` ${said.join(',')}`;
};

function natText(e: NftExpr & { kind: 'nat' }, value: Reader, family: NftFamily): string {
  const type = e.family === 'ip' ? 'ipv4' : 'ipv6';
  const from = e.addressMin === null ? '' : value(e.addressMin, type);
  const isMap = from.includes(' map ');
  // Address and port of a map's data lie in neighbouring registers: the map says both.
  const to = e.addressMax === null || isMap ? from : value(e.addressMax, type);
  const bracket = e.family === 'ip6' && e.portMin !== null && !isMap;
  const address = to === from ? from : `${from}-${to}`;
  const netmap = e.flags.includes('netmap');
  const said = family === 'inet' || netmap || (isMap && e.portMin !== null) ? ` ${e.family}` : '';
  const ports = isMap ? '' : portsText(e, value);
  return `${e.type}${said}${netmap ? ' prefix' : ''} to ${bracket ? `[${address}]` : address}${ports}${flagsText(e)}`;
}

const rest = (e: NftExpr): string => {
  const fields = Object.entries(e).filter(([name, v]) => name !== 'kind' && v !== null);
  return `[ ${[e.kind, ...fields.map(([name, v]) => `${name} ${typeof v === 'object' ? JSON.stringify(v) : v}`)].join(' ')} ]`;
};

export function actionText(e: NftExpr, value: Reader, family: NftFamily): string {
  switch (e.kind) {
    case 'counter':
      return `counter packets ${e.packets} bytes ${e.bytes}`;
    case 'last':
      return 'last';
    case 'notrack':
      return 'notrack';
    case 'log':
      return logText(e);
    case 'limit':
      return limitText(e);
    case 'quota':
      return `quota ${e.invert ? 'over ' : ''}${bytesText(e.bytes)}`;
    case 'connlimit':
      return `ct count ${e.invert ? 'over ' : ''}${e.count}`;
    case 'reject':
      return rejectText(e, family);
    case 'nat':
      return natText(e, value, family);
    case 'masq':
    case 'redir': {
      const ports = portsText(e, value);
      return `${e.kind === 'masq' ? 'masquerade' : 'redirect'}${ports === '' ? '' : ` to ${ports}`}${flagsText(e)}`;
    }
    case 'tproxy': {
      const type = e.family === 'ip6' ? 'ipv6' : 'ipv4';
      const address = e.address === null ? '' : value(e.address, type);
      const port = e.port === null ? '' : `:${value(e.port, 'decimal')}`;
      const said = family === 'inet' && e.family !== 'inet' ? ` ${e.family}` : '';
      return `tproxy${said} to ${e.family === 'ip6' && port !== '' ? `[${address}]` : address}${port}`;
    }
    case 'queue': {
      const flags = [e.bypass ? 'bypass' : '', e.fanout ? 'fanout' : ''].filter(Boolean).join(',');
      const to = e.sreg === null ? `${e.from}${e.to === e.from ? '' : `-${e.to}`}` : value(e.sreg, 'host-decimal');
      return `queue${flags === '' ? '' : ` flags ${flags}`} to ${to}`;
    }
    case 'dup':
    case 'fwd': {
      const device = e.device === null ? '' : value(e.device, 'host-decimal');
      if (e.address === null) return `${e.kind} to ${device}`;
      return `${e.kind} to ${value(e.address, 'ipv4')}${device === '' ? '' : ` device ${device}`}`;
    }
    case 'flow-offload':
      return `flow add @${e.table}`;
    case 'synproxy': {
      const flags = [
        e.flags.includes('timestamp') ? ' timestamp' : '',
        e.flags.includes('sack-perm') ? ' sack-perm' : '',
      ];
      return `synproxy mss ${e.mss} wscale ${e.wscale}${flags.join('')}`;
    }
    case 'exthdr-strip':
      return `reset ${headerOption(e.op, e.type)}`;
    case 'xt':
      return `xt ${e.what} "${e.name}"`;
    case 'unsupported':
      return e.text;
    default:
      return rest(e);
  }
}
