/** The helper's netlink sections against iproute2's own output: every key that the helper prints is compared. */

import { type Helper, type HelperSection, startHelper } from '@netverdict/collect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { type FlannelNode, flannelNode } from '../testing/flannel-node.ts';
import type { Scratch } from '../testing/scratch.ts';

const quiet = { info() {}, warn() {} };
let lab: FlannelNode;
let helper: Helper;

beforeAll(async () => {
  lab = flannelNode();
  helper = startHelper(builtHelper, quiet);
  await new Promise((resolve) => setTimeout(resolve, 300)); // multicast neighbours settle
});
afterAll(async () => {
  await helper?.close();
  lab?.remove();
});

async function sectionsOf(scratch: Scratch): Promise<Map<string, HelperSection>> {
  const known = [lab.node.path, lab.pod.path];
  const { sections } = await helper.collect({
    path: scratch.path,
    kinds: null,
    flows: [],
    knownPaths: known,
    timeLimitMs: 10_000,
  });
  return new Map(sections.map((s) => [s.kind, s]));
}

function textOf(sections: Map<string, HelperSection>, kind: string): string {
  const section = sections.get(kind);
  if (section === undefined || 'missing' in section) throw new Error(`${kind}: ${JSON.stringify(section)}`);
  return section.text;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What `ours` says, looked up in `theirs`: keys that only iproute2 prints are left out, all others must be equal. */
function restrict(theirs: Json, ours: Json): Json {
  if (Array.isArray(theirs) && Array.isArray(ours))
    return theirs.length === ours.length ? theirs.map((t, i) => restrict(t, ours[i] ?? null)) : theirs;
  if (theirs !== null && ours !== null && typeof theirs === 'object' && typeof ours === 'object') {
    const [t, o] = [theirs as { [key: string]: Json }, ours as { [key: string]: Json }];
    return Object.fromEntries(
      Object.keys(o).flatMap((key) => (key in t ? [[key, restrict(t[key] ?? null, o[key] ?? null)]] : [])),
    );
  }
  return theirs;
}

const TOOLS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'ip-link': [['ip', '-j', '-d', 'link', 'show']],
  'ip-address': [['ip', '-j', 'address', 'show']],
  'ip-route': [['ip', '-j', '-d', '-4', 'route', 'show', 'table', 'all']],
  'ip-route6': [['ip', '-j', '-d', '-6', 'route', 'show', 'table', 'all']],
  'ip-rule': [['ip', '-j', '-d', '-4', 'rule', 'show']],
  'ip-rule6': [['ip', '-j', '-d', '-6', 'rule', 'show']],
  'ip-neigh': [
    ['ip', '-j', '-d', 'neigh', 'show', 'nud', 'all'],
    ['ip', '-j', '-d', '-4', 'neigh', 'show', 'proxy'],
    ['ip', '-j', '-d', '-6', 'neigh', 'show', 'proxy'],
  ],
  'bridge-fdb': [['bridge', '-j', '-d', 'fdb', 'show']],
};

const sorted = (kind: string, list: Json[]): Json[] =>
  kind === 'ip-neigh' ? [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : list;

/** The kernel makes multicast neighbours by itself whenever it sends to a group: between two readings too. */
const settled = (list: Json[]): Json[] => list.filter((entry) => !/"dst":"ff02:/.test(JSON.stringify(entry)));

describe.each(['node', 'pod'] as const)('in a %s', (which) => {
  it.each(Object.keys(TOOLS))('%s is what iproute2 prints', async (kind) => {
    const scratch = lab[which];
    const theirs = sorted(
      kind,
      (TOOLS[kind] ?? []).flatMap((argv) => JSON.parse(scratch.run(argv) || '[]') as Json[]),
    );
    const ours = sorted(kind, JSON.parse(textOf(await sectionsOf(scratch), kind)) as Json[]);
    expect(settled(ours)).toEqual(restrict(settled(theirs), settled(ours)));
    expect(ours.length).toBeGreaterThan(0);
  });

  it('sysctls are what /proc/sys says, interfaces included', async () => {
    const scratch = lab[which];
    const lines = textOf(await sectionsOf(scratch), 'sysctl')
      .trimEnd()
      .split('\n');
    const paths = lines.map((line) => line.slice(0, line.indexOf(' = ')));
    const values = scratch
      .run(['cat', ...paths.map((path) => `/proc/sys/${path}`)])
      .trimEnd()
      .split('\n');
    expect(lines).toEqual(paths.map((path, i) => `${path} = ${values[i]}`));
    expect(paths).toContain('net/ipv4/conf/eth0/rp_filter');
    expect(paths).toContain('net/ipv4/ip_local_port_range');
    expect(paths).toEqual([...paths].sort());
  });
});

it('a route with a locked MTU says so, which iproute2 forgets in JSON', async () => {
  lab.node.run(['ip', 'route', 'add', '10.56.0.0/16', 'via', '172.18.0.4', 'mtu', 'lock', '1400']);
  const routes = JSON.parse(textOf(await sectionsOf(lab.node), 'ip-route')) as { dst: string; metrics?: unknown }[];
  lab.node.run(['ip', 'route', 'del', '10.56.0.0/16']);
  expect(routes.find((r) => r.dst === '10.56.0.0/16')?.metrics).toEqual([{ mtu: 1400, mtu_lock: true }]);
});

it('the veth of a pod names the namespace of its peer', async () => {
  const inodes = await helper.inodes([lab.node.path, lab.pod.path]);
  const [node, pod] = [await sectionsOf(lab.node), await sectionsOf(lab.pod)];
  expect(JSON.parse(textOf(node, 'netns-ids'))).toContainEqual({ nsid: 0, inode: inodes.get(lab.pod.path) });
  expect(JSON.parse(textOf(pod, 'netns-ids'))).toContainEqual({ nsid: 0, inode: inodes.get(lab.node.path) });
});
