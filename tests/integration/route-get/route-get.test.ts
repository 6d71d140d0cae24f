/**
 * The model's routing against the kernel's own, question by question: random tables, rules, addresses and sysctls in a namespace,
 * collected with the agent's helper, and `ip route get` beside `askRoute`. More of it: ROUTE_WORLDS=500 ROUTE_SEED=7.
 */
import { fileURLToPath } from 'node:url';
import { type Helper, startHelper } from '@netverdict/collect';
import { type Flow, ip, type SectionKind } from '@netverdict/linux-net';
import { askRoute, buildWorld, compileNamespace, type WorldNamespace } from '@netverdict/netsim';
import { parseNetns } from '@netverdict/parsers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, setUp, tearDown } from './kernel.ts';
import { type Question, questionLine, randomOf, routeWorld } from './world.ts';

const HELPER = fileURLToPath(
  new URL('../../../services/collector-agent/native/build/netverdict-collect', import.meta.url),
);
const WORLDS = Number(process.env.ROUTE_WORLDS ?? 40);
const SEED = Number(process.env.ROUTE_SEED ?? 20261123);
const QUESTIONS = 120;
const NAME = `nvrtget${process.pid}`;
const KINDS: readonly SectionKind[] = [
  'ip-link',
  'ip-address',
  'ip-route',
  'ip-route6',
  'ip-rule',
  'ip-rule6',
  'ip-neigh',
  'sysctl',
];

let helper: Helper;
beforeAll(() => {
  helper = startHelper(HELPER, { info: () => {}, warn: (fields, message) => console.warn(message, fields) });
});
afterAll(async () => {
  tearDown(NAME);
  await helper.close();
});

const ERRNO: Readonly<Record<string, string>> = {
  'RTNETLINK answers: Network is unreachable': 'ENETUNREACH',
  'RTNETLINK answers: No route to host': 'EHOSTUNREACH',
  'RTNETLINK answers: Permission denied': 'EACCES',
  'RTNETLINK answers: Invalid argument': 'EINVAL',
  'RTNETLINK answers: Invalid cross-device link': 'EXDEV',
  'RTNETLINK answers: No such device': 'ENODEV',
  'RTNETLINK answers: Cannot assign requested address': 'EADDRNOTAVAIL',
};

it('the model routes where the kernel does, or says that it does not know', { timeout: 600_000 }, async () => {
  const differences: string[] = [];
  const count = { asked: 0, unknown: 0, found: 0, several: 0 };
  for (let n = 0; n < WORLDS; n++) {
    const world = routeWorld(randomOf(SEED + n), QUESTIONS);
    try {
      setUp(NAME, world);
      const ns = await collected();
      const kernel = ask(NAME, world.questions);
      world.questions.forEach((question, at) => {
        const said = ERRNO[kernel[at] ?? ''] ?? kernel[at] ?? '';
        const answers = modelled(ns, question);
        count.asked++;
        if (answers.some((a) => a.unknown)) count.unknown++;
        if (answers.length > 1) count.several++;
        if (!said.startsWith('E')) count.found++;
        if (answers.some((a) => same(a.text, said)) || answers.some((a) => a.text === 'unknown')) return;
        differences.push(
          `seed ${SEED + n}: ${question.family === 'ipv6' ? '-6 ' : ''}${questionLine(question)}\n  kernel ${said}, model ${answers.map((a) => a.text).join(' or ')}`,
        );
      });
    } finally {
      tearDown(NAME);
    }
  }
  console.log(
    `${count.asked} questions, ${count.found} with a route, ${count.several} with several answers, ${count.unknown} hang on something unknown, ${differences.length} disagreements`,
  );
  expect(differences.slice(0, 40).join('\n'), `${differences.length} of ${count.asked}`).toBe('');
  expect(count.found).toBeGreaterThan(count.asked / 4);
  expect(count.unknown).toBeLessThan(count.asked / 10);
});

/** Of two refusals on the way in, `ip route get` tells some as "invalid argument" that the packet's drop reason tells apart. */
const same = (model: string, kernel: string): boolean =>
  model === kernel || (model === 'EXDEV' && kernel === 'EINVAL') || (model === 'EINVAL' && kernel === 'EXDEV');

async function collected(): Promise<WorldNamespace> {
  const { sections, inode } = await helper.collect({
    path: `/run/netns/${NAME}`,
    kinds: KINDS,
    flows: [],
    knownPaths: [],
    timeLimitMs: 5000,
  });
  const state = parseNetns(
    sections.map((s) =>
      'missing' in s ? s : { ref: { kind: s.kind, digest: s.kind, at: '', bytes: s.text.length }, text: s.text },
    ),
  );
  for (const part of [state.links, state.addresses, state.routes4, state.routes6, state.rules4, state.rules6])
    if (!part.known) throw new Error(`${part.kind} line ${part.line}: ${part.reason}`);
  return { key: 'n/host', node: 'n', kind: 'host', pod: null, inode, net: compileNamespace(state) };
}

const FLOW: Flow = {
  family: 'ipv4',
  protocol: 'tcp',
  source: { kind: 'namespace', namespace: 'n/host', address: null },
  destination: { address: '10.0.0.1', port: 80 },
  sourcePort: 40000,
  sizeBytes: 60,
  dontFragment: false,
};

function modelled(ns: WorldNamespace, q: Question) {
  const map = { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] } as never;
  const world = buildWorld({ namespaces: [ns], nodes: [], map });
  const link = (name: string | null) => (name === null ? null : (ns.net.linkByName.get(name) ?? null));
  const ported = q.protocol !== null;
  const answers = askRoute(world, ns, FLOW, {
    packet: {
      family: q.family,
      // What `ip route get` asks with when nothing is said.
      protocol: q.protocol === 'tcp' ? 6 : q.protocol === 'udp' || q.family === 'ipv4' ? 17 : 0,
      source: q.source === null ? null : ip(q.source),
      destination: ip(q.destination),
      sport: ported ? q.sport : null,
      dport: ported ? q.dport : null,
      tcpFlags: 0,
      icmp: null,
      ttl: 64,
      tos: q.tos,
      sizeBytes: 60,
      dontFragment: false,
      mark: q.mark,
      ct: null,
      untracked: false,
      zone: 0,
      payload: null,
    },
    iif: link(q.iif),
    oif: link(q.oif),
    uid: q.uid,
  });
  // With `from`, the source that it prints is not the question's.
  if (q.iif !== null || q.source === null) return answers;
  return answers.map((a) => ({ ...a, text: /^E[A-Z]+$/.test(a.text) ? a.text : a.text.replace(/ [^ ]+$/, ' *') }));
}
