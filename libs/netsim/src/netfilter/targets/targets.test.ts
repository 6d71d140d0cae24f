/** Every kind of target, on one packet. */
import { formatIp, ifIndex, ip, type Socket, type XtTarget } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { cluster, known } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
import { SYN } from '../../testing/packets.ts';
import { Walk } from '../../walk/walk.ts';
import type { WorldNamespace } from '../../world/world.ts';
import { NO_DEVICES, type RuleContext } from '../context.ts';
import type { Hook } from '../hooks.ts';
import { applyTarget, TARGETS } from './index.ts';

const range = (from: string, to = from) => ({
  addresses: { from: ip(from), to: ip(to) },
  ports: null,
  basePort: null,
  random: false,
  randomFully: false,
  persistent: false,
});
const CT = {
  kind: 'ct',
  zone: null,
  zoneOf: 'both',
  helper: null,
  notrack: false,
  timeout: null,
  events: [],
} as const;
const SAMPLES: { readonly [K in XtTarget['kind']]: readonly [Extract<XtTarget, { kind: K }>, string, object?, Hook?] } =
  {
    accept: [{ kind: 'accept' }, 'accept'],
    drop: [{ kind: 'drop' }, 'drop'],
    return: [{ kind: 'return' }, 'return'],
    jump: [{ kind: 'jump', chain: 'X' }, 'jump'],
    goto: [{ kind: 'goto', chain: 'X' }, 'goto'],
    reject: [{ kind: 'reject', with: 'tcp-reset' }, 'reject'],
    mark: [{ kind: 'mark', value: 0x4000, mask: 0xff }, 'continue', { mark: 0x4f00 }],
    'connmark-set': [{ kind: 'connmark-set', value: 1, mask: 1, shift: 0 }, 'continue'],
    'connmark-save': [{ kind: 'connmark-save', nfmask: 0xff, ctmask: 0xff, shift: 0 }, 'continue'],
    'connmark-restore': [
      { kind: 'connmark-restore', nfmask: 0xff, ctmask: 0xff, shift: 0 },
      'continue',
      { mark: 0xf00 },
    ],
    dnat: [{ kind: 'dnat', to: range('10.244.2.3') }, 'accept', { destination: ip('10.244.2.3'), dport: 80 }],
    snat: [{ kind: 'snat', to: range('172.18.0.99') }, 'accept', { source: ip('172.18.0.99'), sport: 40000 }],
    masquerade: [
      { kind: 'masquerade', ports: { from: 1000, to: 2000 }, random: false, randomFully: false },
      'accept',
      { source: ip('172.18.0.11'), sport: 1000 },
    ],
    redirect: [
      { kind: 'redirect', ports: { from: 15001, to: 15001 }, random: false },
      'accept',
      { destination: ip('10.244.1.1'), dport: 15001 },
    ],
    netmap: [
      { kind: 'netmap', address: ip('192.168.0.0'), mask: ip('255.255.255.0') },
      'accept',
      { destination: ip('192.168.0.2') },
      'PREROUTING',
    ],
    // The packet of these rows has an entry already, which both leave alone; see below for one that has not.
    notrack: [{ kind: 'notrack' }, 'continue', { untracked: false }],
    ct: [{ ...CT, notrack: true }, 'continue', { untracked: false }],
    tproxy: [{ kind: 'tproxy', port: 1, address: null, value: 1, mask: 1 }, 'drop'],
    tee: [{ kind: 'tee', gateway: ip('10.0.0.9'), oif: null }, 'continue', {}],
    'set-add': [{ kind: 'set-add', set: 'x', directions: ['src'], options: [] }, 'continue', {}],
    'set-del': [{ kind: 'set-del', set: 'x', directions: ['src'], options: [] }, 'continue', {}],
    'set-map': [{ kind: 'set-map', set: 'x', directions: ['src'], options: ['--map-mark'] }, 'unknown'],
    nfqueue: [{ kind: 'nfqueue', queues: { from: 0, to: 0 }, bypass: false, cpuFanout: false }, 'unknown'],
    synproxy: [{ kind: 'synproxy', options: [] }, 'unknown'],
    hmark: [{ kind: 'hmark', options: [] }, 'unknown'],
    tcpmss: [{ kind: 'tcpmss', set: 'clamp-to-pmtu' }, 'continue', {}],
    tos: [{ kind: 'tos', value: 0x10, mask: 0xff }, 'continue', { tos: 0x10 }],
    dscp: [{ kind: 'dscp', value: 46 }, 'continue', { tos: 184 }],
    ttl: [{ kind: 'ttl', op: 'dec', value: 1 }, 'continue', { ttl: 63 }],
    observe: [{ kind: 'observe', name: 'LOG', options: [] }, 'continue', {}],
    unsupported: [{ kind: 'unsupported', name: 'TARPIT', text: '' }, 'unknown'],
  };

function context(hook: Hook): RuleContext {
  const world = cluster();
  const ns = world.namespaces.get(HOST1) as WorldNamespace;
  const walk = new Walk(world, flow(A1, '10.244.2.2:80'), []);
  const bare = { ...SYN, mark: 0xf0f };
  const packet = { ...bare, ct: walk.conntrack.track(ns.key, bare) };
  return {
    ...NO_DEVICES,
    iif: ns.net.linkByIndex.get(ifIndex(3)) ?? null,
    oif: ns.net.linkByIndex.get(ifIndex(2)) ?? null,
    walk,
    ns,
    hook,
    packet,
  };
}

it.each(Object.keys(TARGETS) as XtTarget['kind'][])('%s', (kind) => {
  const [target, does, changed, hook] = SAMPLES[kind];
  const result = applyTarget(target, context(hook ?? 'FORWARD'));
  expect(result.does).toBe(does);
  if (changed && 'packet' in result) expect(result.packet).toMatchObject(changed);
});

it('an address of a range is taken by a hash that can be told', () => {
  const c = context('PREROUTING');
  const result = applyTarget({ kind: 'dnat', to: range('10.244.2.2', '10.244.2.5') }, c);
  expect('packet' in result && formatIp(result.packet.destination)).toMatch(/^10\.244\.2\.[2-5]$/);
  expect(c.walk.choices.points).toEqual([]);
});

it.each([
  ['keeps the port where the range holds it', { ports: { from: 80, to: 90 }, basePort: null }, 80],
  ['takes the first port of a range that does not', { ports: { from: 8080, to: 8090 }, basePort: null }, 8080],
  ['shifts the port from the base of the range', { ports: { from: 8080, to: 8090 }, basePort: 78 }, 8082],
  ['goes round at the end of the range', { ports: { from: 8080, to: 8081 }, basePort: 79 }, 8081],
])('DNAT %s', (_, ports, expected) => {
  const result = applyTarget({ kind: 'dnat', to: { ...range('10.244.2.2'), ...ports } }, context('PREROUTING'));
  expect('packet' in result && result.packet.dport).toBe(expected);
});

describe('before conntrack has looked', () => {
  const fresh = (): RuleContext => {
    const c = context('PREROUTING');
    return { ...c, packet: { ...c.packet, ct: null } };
  };
  it.each<[string, XtTarget, object]>([
    ['NOTRACK takes the packet out', { kind: 'notrack' }, { untracked: true }],
    ['CT --notrack does, too', { ...CT, notrack: true }, { untracked: true }],
    ['CT --zone puts it into a zone', { ...CT, zone: 5 }, { zone: 5, untracked: false }],
    ['CT --zone-orig does for one direction', { ...CT, zone: 5, zoneOf: 'original' }, { zone: 5, zoneOf: 'original' }],
    ['CT --zone mark takes the low half of the mark', { ...CT, zone: 'mark' }, { zone: 0xf0f }],
  ])('%s', (_, target, changed) => {
    const result = applyTarget(target, fresh());
    expect('packet' in result && result.packet).toMatchObject(changed);
  });
  it('the first such rule decides', () => {
    const c = fresh();
    const first = applyTarget({ ...CT, helper: 'ftp' }, c);
    const packet = 'packet' in first ? first.packet : c.packet;
    const second = applyTarget({ kind: 'notrack' }, { ...c, packet });
    expect('packet' in second && second.packet.untracked).toBe(false);
  });
});

describe('TPROXY', () => {
  const socket = (transparent: boolean | null, address = '0.0.0.0'): Socket => ({
    protocol: 'tcp',
    family: 'ipv4',
    local: { address: ip(address), port: 15006 },
    remote: null,
    state: 'listen',
    v6only: null,
    dev: null,
    acceptQueue: null,
    receiveBuffer: null,
    transparent,
    process: null,
    line: 1,
  });
  const withSockets = (sockets: readonly Socket[]): RuleContext => {
    const c = context('PREROUTING');
    const net = { ...c.ns.net, state: { ...c.ns.net.state, sockets: known(sockets) } };
    return { ...c, ns: { ...c.ns, net } };
  };
  const rule = { kind: 'tproxy', port: 15006, address: null, value: 1, mask: 0xff } as const;
  it('gives the packet to a transparent socket and marks it', () => {
    const result = applyTarget(rule, withSockets([socket(true)]));
    expect(result).toMatchObject({
      does: 'accept',
      packet: { mark: 0xf01, dport: 80, assigned: { transparent: true } },
    });
  });
  it('drops it where nobody listens', () => {
    expect(applyTarget({ ...rule, port: 1 }, withSockets([socket(true)])).does).toBe('drop');
  });
  it('drops it where the socket is not transparent', () => {
    expect(applyTarget(rule, withSockets([socket(false)])).does).toBe('drop');
  });
  it('looks at the first address of the device it came in by', () => {
    expect(applyTarget(rule, withSockets([socket(true, '10.244.1.1')])).does).toBe('accept');
    expect(applyTarget(rule, withSockets([socket(true, '10.244.2.2')])).does).toBe('drop');
  });
  it('does not guess whether the socket is transparent', () => {
    expect(applyTarget(rule, withSockets([socket(null)])).does).toBe('unknown');
  });
});
