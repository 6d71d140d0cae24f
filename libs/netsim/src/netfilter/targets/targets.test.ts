/** Every kind of target, on one packet. */
import { formatIp, ifIndex, ip, type XtTarget } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { TCP } from '../../packet/packet.ts';
import { cluster } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
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
const SAMPLES: { readonly [K in XtTarget['kind']]: readonly [Extract<XtTarget, { kind: K }>, string, object?, Hook?] } =
  {
    accept: [{ kind: 'accept' }, 'accept'],
    drop: [{ kind: 'drop' }, 'drop'],
    return: [{ kind: 'return' }, 'return'],
    jump: [{ kind: 'jump', chain: 'X' }, 'jump'],
    goto: [{ kind: 'goto', chain: 'X' }, 'goto'],
    reject: [{ kind: 'reject', with: 'tcp-reset' }, 'reject'],
    mark: [{ kind: 'mark', value: 0x4000, mask: 0xff }, 'continue', { mark: 0x4f00 }],
    'connmark-set': [{ kind: 'connmark-set', value: 1, mask: 1 }, 'continue'],
    'connmark-save': [{ kind: 'connmark-save', nfmask: 0xff, ctmask: 0xff }, 'continue'],
    'connmark-restore': [{ kind: 'connmark-restore', nfmask: 0xff, ctmask: 0xff }, 'continue', { mark: 0xf00 }],
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
    notrack: [{ kind: 'notrack' }, 'continue', { ct: null, untracked: true }],
    ct: [{ kind: 'ct', zone: null, helper: null, notrack: true }, 'continue', { untracked: true }],
    tproxy: [{ kind: 'tproxy', port: 1, address: null, value: 1, mask: 1 }, 'unknown'],
    tcpmss: [{ kind: 'tcpmss', set: 'clamp-to-pmtu' }, 'continue', {}],
    tos: [{ kind: 'tos', value: 0x10, mask: 0xff }, 'continue', { tos: 0x10 }],
    dscp: [{ kind: 'dscp', value: 46 }, 'continue', { tos: 184 }],
    ttl: [{ kind: 'ttl', op: 'dec', value: 1 }, 'continue', { ttl: 63 }],
    observe: [{ kind: 'observe', name: 'LOG' }, 'continue', {}],
    unsupported: [{ kind: 'unsupported', name: 'NFQUEUE', text: '' }, 'unknown'],
  };

function context(hook: Hook): RuleContext {
  const world = cluster();
  const ns = world.namespaces.get(HOST1) as WorldNamespace;
  const walk = new Walk(world, flow(A1, '10.244.2.2:80'), []);
  const bare = {
    family: 'ipv4',
    protocol: 6,
    source: ip('10.244.1.2'),
    destination: ip('10.244.2.2'),
    sport: 40000,
    dport: 80,
    tcpFlags: TCP.SYN,
    icmp: null,
    ttl: 64,
    tos: 0,
    sizeBytes: 60,
    dontFragment: false,
    mark: 0xf0f,
    ct: null,
    untracked: false,
    zone: 0,
    payload: null,
  } as const;
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
