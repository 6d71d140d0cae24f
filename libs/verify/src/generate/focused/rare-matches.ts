/**
 * What random rulesets of iptables have seldom, or have where it decides nothing: one condition or target for each packet, and
 * the packet made such that it decides.
 */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import { type Draft, drawLots } from '../draft.ts';
import { type Hook, XT_MATCHES } from '../xtables/matches.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { addProxy, PROXY_PORT, UNHEARD_PORT } from './proxy.ts';
import { gate, onTheWay, Rules, routerAddress, senderOf } from './rules.ts';

interface Ask {
  readonly focus: Focus;
  readonly packet: FlowSpec;
  readonly rules: Rules;
}
/** Adds its rules, and gives the packet as it is to be sent; null: not for a packet like this. */
type Case = (ask: Ask) => FlowSpec | null;

/** Who sends from here has an address made of its device's (the middle bytes are ff:fe, the second bit is turned). */
const EUI64 = { mac: '02:00:00:00:00:0a', source: 'fd00:1::ff:fe00:a' } as const;

export function focusedRareMatches(draft: Draft, count: number): void {
  addCases(draft, count, () => draft.random.weighted(CASES));
}

/** The rarest of all take turns, so that each has the same share; `first` is the number of the world's first packet among them. */
export function rarestMatches(draft: Draft, first: number, count: number): void {
  addCases(draft, count, (i) => RAREST[(first + i) % RAREST.length] as Case);
}

function addCases(draft: Draft, count: number, caseOf: (packet: number) => Case): void {
  const router = focusedShape(draft);
  const { random } = draft;
  const sender = draft.namespaces.find((ns) => ns.name === 'a');
  sender?.ip.unshift(`link set eth0 address ${EUI64.mac}`);
  sender?.ip.push(`address add ${EUI64.source}/64 dev eth0 nodad`);
  addProxy(router, random);
  router.sysctls.push(`net/netfilter/nf_conntrack_tcp_loose = ${random.int(0, 1)}`);
  const rules = new Rules();
  addFocused(draft, router, count, (focus, packet, i) => caseOf(i)({ focus, packet, rules }));
  rules.load(draft);
}

const maybeNot = ({ focus: { draft } }: Ask): string => (draft.random.chance(0.4) ? '! ' : '');

/** The packet is dropped where the condition holds. */
function drop(
  { focus, packet, rules }: Ask,
  condition: string,
  at: (hook: Hook, table: string) => boolean = () => true,
  before = gate(focus),
): FlowSpec {
  const [table, hook] = focus.draft.random.pick(onTheWay(focus, packet).filter(([t, h]) => at(h, t)));
  rules.add(focus.router, focus.family, table, hook, `${before} ${condition} -j DROP`);
  return packet;
}

/** A condition as any ruleset may have it, where it can stand on this packet's way. */
const known =
  (kind: string): Case =>
  (ask) => {
    const { focus, packet, rules } = ask;
    for (let tries = 0; tries < 6; tries++) {
      const [table, hook] = focus.draft.random.pick(onTheWay(focus, packet));
      const text = XT_MATCHES[kind]?.({ ...focus, ns: focus.router, table, hooks: [hook] }) ?? null;
      if (text === null) continue;
      rules.add(
        focus.router,
        focus.family,
        table,
        hook,
        `${gate(focus)} ${text.replace(/^-m (tcp|udp) /, '')} -j DROP`,
      );
      return packet;
    }
    return null;
  };

/** One TCP packet that opens no connection. */
const lone = (ask: Ask, flags: readonly number[]): FlowSpec | null =>
  ask.focus.protocol === 'tcp' ? { ...ask.packet, tcpFlags: ask.focus.draft.random.pick(flags) } : null;

const SYN_ACK = 0x12;
const RST = 0x04;
const FIN_ACK = 0x11;
const ACK = 0x10;
const PSH_ACK = 0x18;

const CASES: readonly (readonly [weight: number, Case])[] = [
  [5, fragment],
  [4, everyNth],
  [5, recent],
  [3, eui64],
  [2, cluster],
  [4, connlimit],
  [6, segmentSize],
  [4, ecnOfTcp],
  [3, headers],
  [3, echo],
  [1, known('multiport')],
  [1, known('devgroup')],
  [1, known('mac-source')],
  [1, known('u32')],
  [1, known('iprange')],
  [1, known('addrtype')],
  [1, known('ctport')],
  [2, known('realm')],
  [2, atSocket],
  [2, flags],
  [6, begun],
  [3, untracked],
  [3, proxied],
  [2, (ask) => translatedSource(ask)],
  [
    1,
    (ask) =>
      afterConntrack(
        ask,
        `-m conntrack --ctstate ${ask.focus.draft.random.pick(['NEW', 'ESTABLISHED', 'NEW,ESTABLISHED'])}`,
      ),
  ],
];

const RAREST: readonly Case[] = [
  eui64,
  headers,
  flags,
  begun,
  begun,
  fragment,
  segmentSize,
  recent,
  passedOver,
  lastHop,
  template,
  known('rpfilter'),
  known('realm'),
  known('ecn'),
  known('ctaddress'),
  known('ctport'),
  known('connbytes'),
  known('devgroup'),
  known('policy'),
  known('ttl'),
  known('u32'),
  known('u32'),
  known('dscp'),
  known('ctdir'),
  known('multiport'),
  known('mac-source'),
  known('pkttype'),
  known('ctstatus'),
  connlimit,
  ecnOfTcp,
  ofOwner,
  everyNth,
  cluster,
  atSocket,
  echo,
  echo,
  untracked,
  proxied,
  savedMark,
];

const afterConntrack = (ask: Ask, condition: string): FlowSpec => drop(ask, condition, (_, table) => table !== 'raw');

/** A packet each time that it is sent: of a connection the later ones are counted, too. */
function everyNth(ask: Ask): FlowSpec | null {
  const { draft, protocol } = ask.focus;
  if (protocol !== 'udp' || !drawLots(draft)) return null;
  const every = draft.random.int(2, 3);
  return drop(ask, `-m statistic --mode nth --every ${every} --packet ${draft.random.int(0, every - 1)}`);
}

function connlimit(ask: Ask): FlowSpec {
  return drop(ask, `-m connlimit ${ask.focus.draft.random.pick(['--connlimit-above 0', '--connlimit-upto 0'])}`);
}

function ecnOfTcp(ask: Ask): FlowSpec | null {
  const { draft, protocol } = ask.focus;
  return protocol === 'tcp'
    ? drop(ask, `-m ecn ${maybeNot(ask)}${draft.random.pick(['--ecn-tcp-ece', '--ecn-tcp-cwr'])}`)
    : null;
}

/** Who owns a packet is known where it is made. */
function ofOwner({ focus, packet, rules }: Ask): FlowSpec | null {
  const { draft, family } = focus;
  const sender = senderOf(draft);
  const text = XT_MATCHES.owner?.({ ...focus, ns: sender, table: 'filter', hooks: ['OUTPUT'] }) ?? null;
  if (text === null) return null;
  rules.add(sender, family, 'filter', 'OUTPUT', `${gate(focus)} ${text} -j DROP`);
  return packet;
}

function cluster(ask: Ask): FlowSpec {
  const { random } = ask.focus.draft;
  return drop(
    ask,
    `-m cluster --cluster-total-nodes ${random.int(2, 4)} ${maybeNot(ask)}--cluster-local-node ${random.int(1, 2)} --cluster-hash-seed ${random.int(1, 9999)}`,
  );
}

function atSocket(ask: Ask): FlowSpec | null {
  const { focus, packet } = ask;
  const dport = focus.draft.random.pick([80, PROXY_PORT, 9]);
  return known('socket')({ ...ask, packet: { ...packet, destination: routerAddress(focus), dport } });
}

/** The packet's mark becomes its connection's. */
function savedMark(ask: Ask): FlowSpec {
  const { focus, rules } = ask;
  rules.add(
    focus.router,
    focus.family,
    'mangle',
    'PREROUTING',
    `${gate(focus)} -j MARK --set-mark 1`,
    `${gate(focus)} -j CONNMARK --save-mark`,
  );
  return drop(ask, `-m connmark ${maybeNot(ask)}--mark 1`, (hook) => hook !== 'PREROUTING');
}

function fragment(ask: Ask): FlowSpec | null {
  return ask.focus.family === 'ipv4' ? drop(ask, `${maybeNot(ask)}-f`) : null;
}

function eui64(ask: Ask): FlowSpec | null {
  const source = ask.focus.draft.random.pick([EUI64.source, 'fd00:1::1']);
  return ask.focus.family === 'ipv6'
    ? drop({ ...ask, packet: { ...ask.packet, source } }, '-m eui64', (hook) => hook !== 'POSTROUTING')
    : null;
}

function headers(ask: Ask): FlowSpec | null {
  const { random } = ask.focus.draft;
  return ask.focus.family === 'ipv6'
    ? drop(
        ask,
        `-m ipv6header ${maybeNot(ask)}--header ${random.pick(['prot', 'prot,hop', 'frag'])}${random.pick(['', ' --soft'])}`,
      )
    : null;
}

function segmentSize(ask: Ask): FlowSpec | null {
  const packet = lone(ask, [ACK, RST, FIN_ACK]);
  return packet && drop({ ...ask, packet }, `-m tcpmss ${maybeNot(ask)}--mss 1:9000`);
}

function flags(ask: Ask): FlowSpec | null {
  const packet = lone(ask, [SYN_ACK, RST, FIN_ACK, ACK]);
  return packet && known('tcp-flags')({ ...ask, packet });
}

/** What no connection begins with is INVALID; the middle of one begins one, where it may. */
function begun(ask: Ask): FlowSpec | null {
  const packet = lone(ask, [SYN_ACK, RST, ACK, ACK, PSH_ACK]);
  const state = ask.focus.draft.random.pick(['INVALID', 'INVALID', 'NEW', 'UNTRACKED']);
  return packet && afterConntrack({ ...ask, packet }, `-m conntrack ${maybeNot(ask)}--ctstate ${state}`);
}

/** Where a goto's chain ends, the chain that it left is not gone on with. */
function passedOver({ focus, packet, rules }: Ask): FlowSpec {
  const [table, hook] = focus.draft.random.pick(onTheWay(focus, packet));
  const chain = `past-${focus.ports.from}`;
  rules.add(focus.router, focus.family, table, hook, `${gate(focus)} -g ${chain}`, `${gate(focus)} -j DROP`);
  rules.add(focus.router, focus.family, table, chain, focus.draft.random.pick(['', '-j RETURN', '-j ACCEPT']));
  return packet;
}

/** Its last hop, or one that the receiver sees. */
function lastHop({ focus, packet, rules }: Ask): FlowSpec {
  const { random } = focus.draft;
  const chain = random.pick(onTheWay(focus, packet).filter(([table]) => table === 'mangle'))[1];
  const target = focus.family === 'ipv4' ? 'TTL --ttl' : 'HL --hl';
  rules.add(
    focus.router,
    focus.family,
    'mangle',
    chain,
    `${gate(focus)} -j ${target}-${random.pick(['set 1', 'set 40', 'dec 9'])}`,
  );
  return packet;
}

function template(ask: Ask): FlowSpec {
  const { focus, rules } = ask;
  rules.add(focus.router, focus.family, 'raw', 'PREROUTING', `${gate(focus)} -j CT --notrack`);
  return afterConntrack(ask, '-m conntrack --ctstate UNTRACKED');
}

/** Listed by one rule, found (or taken away, and not found) by the next. One packet, as a connection's later ones are listed again. */
function recent(ask: Ask): FlowSpec | null {
  const { focus, packet, rules } = ask;
  if (focus.protocol !== 'udp') return null;
  const { random } = focus.draft;
  const list = `-m recent --name l${focus.ports.from} ${random.pick(['--rsource', '--rdest'])}`;
  const [table, hook] = random.pick(onTheWay(focus, packet));
  const add = (...lines: string[]): void =>
    rules.add(focus.router, focus.family, table, hook, ...lines.map((line) => `${gate(focus)} ${list} ${line}`));
  if (random.chance(0.8)) add('--set');
  if (random.chance(0.2)) add('--remove');
  add(
    `${maybeNot(ask)}${random.pick(['--rcheck', '--update'])}${random.pick(['', ' --seconds 60', ' --hitcount 2', ' --rttl'])} -j DROP`,
  );
  return packet;
}

/** Echoes have no ports: one is known by its length. */
function echo(ask: Ask): FlowSpec | null {
  const { focus, packet } = ask;
  const { random } = focus.draft;
  const sizeBytes = 200 + (focus.ports.from % 1000);
  const made = { ...packet, protocol: 'icmp' as const, dport: 0, sizeBytes, tcpFlags: null };
  const [protocol, types] =
    focus.family === 'ipv4'
      ? (['icmp', ['-m icmp', '--icmp-type', '8', '0', '8/0', '8/1', 'any', '3']] as const)
      : (['ipv6-icmp', ['-m icmp6', '--icmpv6-type', '128', '129', '128/0', '129/0', '1', '2']] as const);
  const [module, option, ...values] = types;
  return drop(
    { ...ask, packet: made },
    `${module} ${maybeNot(ask)}${option} ${random.pick(values)}`,
    () => true,
    `-p ${protocol} -m length --length ${sizeBytes}`,
  );
}

function untracked(ask: Ask): FlowSpec {
  const { focus, rules } = ask;
  rules.add(focus.router, focus.family, 'raw', 'PREROUTING', `${gate(focus)} -j NOTRACK`);
  return afterConntrack(ask, `-m conntrack ${maybeNot(ask)}--ctstate UNTRACKED`);
}

function proxied({ focus, packet, rules }: Ask): FlowSpec {
  const { random } = focus.draft;
  rules.add(
    focus.router,
    focus.family,
    'mangle',
    'PREROUTING',
    `${gate(focus)} -j TPROXY --on-port ${random.pick([PROXY_PORT, PROXY_PORT, 80])}${random.pick([
      '',
      ` --on-ip ${address(focus.family, 1, 254)}`,
    ])} --tproxy-mark ${random.pick(['0x100/0x100', '0x101/0x1ff'])}`,
  );
  // A proxy answers from where the packet was sent to: of UDP it could not where another socket has that port.
  return { ...packet, dport: UNHEARD_PORT };
}

/** To the router's own address, or to one that the answer never comes back to. */
function translatedSource({ focus, packet, rules }: Ask): FlowSpec {
  const { random } = focus.draft;
  const host = random.pick([254, 77, 3]);
  const chain: Hook = packet.destination === routerAddress(focus) ? 'INPUT' : 'POSTROUTING';
  rules.add(
    focus.router,
    focus.family,
    'nat',
    chain,
    `${gate(focus)} -j SNAT --to-source ${address(focus.family, 2, host)}`,
  );
  return packet;
}
