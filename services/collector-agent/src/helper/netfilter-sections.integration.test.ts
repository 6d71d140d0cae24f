/** iptables, nftables, ipset, conntrack and sockets: equal to the tools' output, and nothing on the node is changed. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FlowFilter, type Helper, type HelperSection, startHelper } from '@netverdict/collect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { canonicalText, sectionDigest } from '../domain/canonical-text.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tools');
const rules = (name: string): string => readFileSync(join(fixtures, name), 'utf8');

let helper: Helper;
let legacy: Scratch;
let nft: Scratch;
let empty: Scratch;

beforeAll(() => {
  helper = startHelper(builtHelper, { info() {}, warn() {} });
  legacy = scratchNamespace('legacy');
  nft = scratchNamespace('nft');
  empty = scratchNamespace('empty');
  legacy.run(['iptables-legacy-restore'], rules('pod/iptables-save.txt'));
  legacy.run(['ip6tables-legacy-restore'], rules('pod/ip6tables-save.txt'));
  nft.run(['iptables-nft-restore'], rules('node/iptables-nft-save.txt'));
  nft.run(['ip6tables-nft-restore'], rules('node/ip6tables-nft-save.txt'));
});
afterAll(async () => {
  await helper?.close();
  for (const scratch of [legacy, nft, empty]) scratch?.remove();
});

async function collect(scratch: Scratch, flows: readonly FlowFilter[] = []): Promise<Map<string, HelperSection>> {
  const { sections } = await helper.collect({
    path: scratch.path,
    kinds: null,
    flows,
    knownPaths: [],
    timeLimitMs: 10_000,
  });
  return new Map(sections.map((s) => [s.kind, s]));
}

function textOf(sections: Map<string, HelperSection>, kind: string): string {
  const section = sections.get(kind);
  if (section === undefined || 'missing' in section) throw new Error(`${kind}: ${JSON.stringify(section)}`);
  return section.text;
}

it('legacy and nft rulesets are what the save tools print', async () => {
  const ofLegacy = await collect(legacy);
  const ofNft = await collect(nft);
  for (const [sections, kind, scratch, tool] of [
    [ofLegacy, 'iptables-save', legacy, 'iptables-legacy-save'],
    [ofLegacy, 'ip6tables-save', legacy, 'ip6tables-legacy-save'],
    [ofNft, 'iptables-nft-save', nft, 'iptables-nft-save'],
    [ofNft, 'ip6tables-nft-save', nft, 'ip6tables-nft-save'],
  ] as const)
    expect(canonicalText(kind, textOf(sections, kind))).toBe(canonicalText(kind, scratch.run([tool])));
  expect(textOf(ofLegacy, 'iptables-nft-save')).toBe('');
  expect(textOf(ofNft, 'iptables-save')).toBe('');
  expect(textOf(ofNft, 'nftables')).toBe('{"ruleset":{"byteorder":"little"}}\n{"end":{}}\n');
});

it('a changed rule is seen: the generation guards what is kept', async () => {
  const before = textOf(await collect(nft), 'iptables-nft-save');
  nft.run(['iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--dport', '7777', '-j', 'DROP']);
  const after = textOf(await collect(nft), 'iptables-nft-save');
  nft.run(['iptables-nft', '-D', 'INPUT', '-p', 'tcp', '--dport', '7777', '-j', 'DROP']);
  expect(before).not.toContain('7777');
  expect(after).toContain('-A INPUT -p tcp -m tcp --dport 7777 -j DROP');
  expect(textOf(await collect(nft), 'iptables-nft-save')).not.toContain('7777');
});

it('native tables are listed, also one that is called nat but is not iptables-nft’s', async () => {
  const scratch = scratchNamespace('native');
  try {
    scratch.run(
      ['nft', '-f', '-'],
      'table ip nat {\n chain pre {\n type nat hook prerouting priority -100\n ip daddr { 10.0.0.1, 10.0.0.2 } dnat to 10.1.1.1\n }\n}\ntable inet guard {\n chain in {\n type filter hook input priority -10; policy drop\n }\n}\n',
    );
    const listed = [...textOf(await collect(scratch), 'nftables').matchAll(/^\{"table":.*"name":"(\w+)"/gm)];
    expect(listed.map(([, name]) => name)).toEqual(['nat', 'guard']);
  } finally {
    scratch.remove();
  }
});

it('ipsets are saved', async () => {
  const scratch = scratchNamespace('ipset');
  try {
    scratch.run(
      ['ipset', 'restore'],
      'create web hash:ip,port timeout 600\nadd web 10.0.0.1,tcp:80\ncreate nets hash:net\nadd nets 10.0.0.0/8\n',
    );
    const ours = textOf(await collect(scratch), 'ipset-save');
    expect(canonicalText('ipset-save', ours)).toBe(canonicalText('ipset-save', scratch.run(['ipset', 'save'])));
    expect(ours).toContain('add web 10.0.0.1,tcp:80');
  } finally {
    scratch.remove();
  }
});

it('only the flow’s conntrack entries leave the namespace, in either direction; listeners carry their queue', async () => {
  const scratch = scratchNamespace('flow');
  const script =
    "import socket,time,sys\ns=socket.socket();s.bind(('127.0.0.1',8080));s.listen(7)\nc=socket.create_connection(('127.0.0.1',8080))\nu=socket.socket(2,2);u.sendto(b'x',('127.0.0.1',5353))\nv=socket.socket(socket.AF_INET6);v.setsockopt(41,26,1);v.bind(('::',8082));v.listen(5)\nprint('up',flush=True);time.sleep(30)\n";
  scratch.run(['iptables-nft', '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'ESTABLISHED', '-j', 'ACCEPT']);
  const server = spawn('ip', ['netns', 'exec', scratch.name, 'python3', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((resolve) => server.stdout.once('data', resolve));
    const flow = { protocol: 6, addresses: ['127.0.0.1'], ports: [8080] };
    const sections = await collect(scratch, [flow]);
    const theirs = scratch.run(['conntrack', '-L', '-o', 'extended', '-p', 'tcp']);
    const ours = textOf(sections, 'conntrack');
    expect(canonicalText('conntrack', ours)).toBe(canonicalText('conntrack', theirs));
    expect(ours.trim().split('\n')).toHaveLength(1);
    expect(textOf(await collect(scratch, [{ ...flow, ports: [81] }]), 'conntrack')).toBe('');
    expect(textOf(await collect(scratch, [{ ...flow, addresses: ['10.9.9.9'] }]), 'conntrack')).toBe('');
    const sockets = textOf(sections, 'sockets');
    const [listener, ...more] = sockets.split('\n').filter((l) => l.includes('0100007F:1F90'));
    expect(listener).toMatch(/ 0A .* # transparent=0 dev=0 rqueue=1 wqueue=7$/);
    expect(more).toEqual([]);
    expect(sockets).toMatch(/:1F92 .* # v6only=1 transparent=0 dev=0/);
    expect(sockets.split('\n').filter((l) => l.startsWith('#'))).toEqual(['# tcp', '# tcp6', '# udp', '# udp6']);
  } finally {
    server.kill('SIGKILL');
    scratch.remove();
  }
});

it('nothing is changed: no legacy table, no nft generation, no module', async () => {
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const state = (scratch: Scratch): string =>
    [
      read('/proc/modules').replace(/ \d+ \d+ /g, ' '),
      scratch.run(['sh', '-c', 'cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null || true']),
      scratch.run(['nft', 'list', 'tables']),
      scratch.run(['ip', 'link']),
    ].join('\n--\n');
  for (const scratch of [empty, legacy, nft]) {
    const before = state(scratch);
    const generation = (): string =>
      scratch.run(['nft', '-a', '-j', 'list', 'ruleset']).replace(/"(packets|bytes)": \d+/g, '');
    const rulesBefore = generation();
    await collect(scratch);
    await collect(scratch);
    expect(state(scratch)).toBe(before);
    expect(generation()).toBe(rulesBefore);
  }
});

it('two collections of a quiet namespace have equal digests', async () => {
  for (const scratch of [empty, legacy, nft]) {
    const [a, b] = [await collect(scratch), await collect(scratch)];
    for (const [kind, section] of a) {
      const other = b.get(kind);
      if ('missing' in section) expect(other).toEqual(section);
      else
        expect([kind, sectionDigest(section.kind, section.text)]).toEqual([
          kind,
          sectionDigest(section.kind, textOf(b, kind)),
        ]);
    }
  }
});
