import { describe, expect, it } from 'vitest';
import type { Finding } from '../findings/finding.ts';
import { DISPOSITIONS, type Disposition } from '../trace/disposition.ts';
import type { Branch } from '../trace/trace.ts';
import { findingText } from './finding-text.ts';
import { LABELS } from './labels.ts';
import { type ReportInput, renderReport } from './report.ts';
import { summarize } from './summary.ts';

const context = { source: 'shop/cart-6f9', destination: 'service shop/payments:80' };
const share = { reachable: 1 / 3, unreachable: 2 / 3, undetermined: 0 };

const drop: Finding = {
  code: 'NV-FILTER-DROP',
  severity: 'blocking',
  hop: 'node-2/host',
  node: 'node-2',
  direction: 'forward',
  branches: ['b2'],
  params: { where: 'Node node-2', rule: 3, chain: 'FORWARD', table: 'filter', tool: 'iptables' },
  evidence: [
    { section: 'sha256:00', kind: 'iptables-nft-save', line: 118, text: '-A FORWARD -d 10.244.2.0/24 -j DROP' },
  ],
  remedy: {
    command: 'iptables-nft -D FORWARD -d 10.244.2.0/24 -j DROP',
    on: 'node-2',
    en: 'Opens nothing else.',
    zh: '不影响其他流量。',
    proven: true,
  },
};
const branches: Branch[] = [
  {
    id: 'b1',
    share: 1 / 3,
    disposition: 'delivered',
    ended: 'reply',
    choices: [],
    hops: [
      { place: 'node-1/pod/shop/cart-6f9', node: 'node-1', kind: 'pod', direction: 'forward', steps: [] },
      {
        place: 'node-1/host',
        node: 'node-1',
        kind: 'host',
        direction: 'forward',
        steps: [{ kind: 'ingress', text: 'enters by cni0', action: 'pass', detail: { dev: 'cni0' } }],
      },
      { place: 'node-1/pod/shop/payments-7c9-a1', node: 'node-1', kind: 'pod', direction: 'forward', steps: [] },
    ],
  },
  {
    id: 'b2',
    share: 2 / 3,
    disposition: 'dropped',
    ended: 'forward',
    choices: [],
    hops: [
      { place: 'node-1/pod/shop/cart-6f9', node: 'node-1', kind: 'pod', direction: 'forward', steps: [] },
      { place: 'wire', node: null, kind: 'wire', direction: 'forward', steps: [] },
      {
        place: 'node-2/host',
        node: 'node-2',
        kind: 'host',
        direction: 'forward',
        steps: [{ kind: 'table', text: 'filter FORWARD drops', action: 'stop', detail: { chain: 'FORWARD' } }],
      },
    ],
  },
];
const input: ReportInput = {
  id: 'dg_1',
  verdict: { outcome: 'partially-reachable', share, summary: summarize('partially-reachable', share, context, null) },
  findings: [drop],
  trace: { branches },
  collection: {
    nodes: [
      { node: 'node-1', at: '2026-01-01T00:00:00.000Z', unavailable: null, missing: [] },
      { node: 'node-2', at: '2026-01-01T00:00:00.500Z', unavailable: null, missing: [] },
    ],
  },
  timing: { totalMs: 91.2 },
};

describe('the report', () => {
  it('answers first, then says why, how to mend it, the path and what was seen', () => {
    expect(
      renderReport(input, { lang: 'en', secondsSince: (at) => (at === '2026-01-01T00:00:00.000Z' ? 1 : 0) }).split(
        '\n',
      ),
    ).toEqual([
      '✗  2 of 3 new connections from shop/cart-6f9 to service shop/payments:80 fail.',
      '',
      '   Why    Node node-2 throws the packets away: rule 3 of chain FORWARD (iptables, table filter).  NV-FILTER-DROP',
      '            -A FORWARD -d 10.244.2.0/24 -j DROP',
      '   Mend   on node-2:  iptables-nft -D FORWARD -d 10.244.2.0/24 -j DROP',
      '          Opens nothing else.',
      '',
      '   There  ├ 33 %  shop/cart-6f9 ─ node-1: cni0 ─ shop/payments-7c9-a1 ✓     and back ✓',
      '          └ 67 %  shop/cart-6f9 ═══ node-2: FORWARD ✗ dropped',
      '   Seen   2 of 2 nodes, all sections, 1.0 s ago.',
      '',
      '   91 ms · dg_1 · more: netverdict show dg_1 --steps · explain: netverdict explain NV-FILTER-DROP',
    ]);
  });

  it('says the same in Chinese', () => {
    const text = renderReport(input, { lang: 'zh' });
    expect(text).toContain('✗  shop/cart-6f9 访问服务 shop/payments:80 时,每 3 次新连接约有 2 次失败。');
    expect(text).toContain('   处理   在 node-2:  iptables-nft -D FORWARD -d 10.244.2.0/24 -j DROP');
    expect(text).toContain('          └ 67 %  shop/cart-6f9 ═══ node-2: FORWARD ✗ 被丢弃');
  });

  it('says each fate that a branch can end in in the reader’s language', () => {
    const [, ended] = branches;
    if (ended === undefined) throw new Error('no such branch');
    for (const disposition of Object.keys(DISPOSITIONS) as Disposition[])
      for (const steps of [false, true]) {
        const told = renderReport(
          { ...input, trace: { branches: [{ ...ended, disposition }] } },
          { lang: 'zh', steps },
        ).split('\n');
        expect(
          told.filter((line) => new RegExp(`\\b${disposition}\\b`).test(line)),
          disposition,
        ).toEqual([]);
        if (steps)
          expect(
            told.filter((line) => /b2 {2}67 % {2}\p{Script=Han}/u.test(line)),
            disposition,
          ).toHaveLength(1);
      }
  });

  it('has each of its fixed words in both languages', () => {
    expect(Object.keys(LABELS.zh)).toEqual(Object.keys(LABELS.en));
    for (const [name, word] of Object.entries(LABELS.zh)) expect(word, name).toMatch(/\p{Script=Han}|^\/$/u);
  });

  it.each([
    [
      'en',
      'Opens nothing else.',
      'not proven: simulating again with this change did not show the fault gone, or was not done',
    ],
    ['zh', '不影响其他流量。', '未经验证:按此修改再次模拟未能确认故障消失,或未进行模拟'],
  ] as const)('says of a command that is not proven that it is not (%s)', (lang, words, line) => {
    const unproven = drop.remedy && { ...drop.remedy, proven: false };
    const lines = renderReport({ ...input, findings: [{ ...drop, remedy: unproven }] }, { lang }).split('\n');
    expect(lines[lines.findIndex((l) => l.endsWith(words)) + 1]?.trim()).toBe(line);
    expect(renderReport(input, { lang })).not.toContain(line);
  });

  it('has nothing to prove where there are words and no command', () => {
    const words = drop.remedy && { ...drop.remedy, command: null, proven: false };
    expect(renderReport({ ...input, findings: [{ ...drop, remedy: words }] }, { lang: 'en' })).not.toContain(
      'not proven',
    );
  });

  it('lists every step with its raw line when asked', () => {
    const text = renderReport(input, { lang: 'en', steps: true });
    expect(text).toContain('✗ filter FORWARD drops');
  });

  it('names what was not seen', () => {
    const nodes = [{ node: 'node-3', at: '2026-01-01T00:00:00Z', unavailable: 'agent silent', missing: [] }];
    expect(renderReport({ ...input, collection: { nodes } }, { lang: 'en' })).toContain(
      'node-3: not seen (agent silent)',
    );
  });

  it('leaves a missing param visible instead of hiding it', () => {
    expect(findingText({ ...drop, params: {} }, 'en')).toContain('{where}');
  });

  it.each([
    ['en', '   Size   packets of up to 1450 bytes get through'],
    ['zh', '   大小   不超过 1450 字节的数据包可以通过'],
  ] as const)('says the largest size that passes where it is known (%s)', (lang, line) => {
    const verdict = { ...input.verdict, largestSizeBytes: 1450 };
    expect(renderReport({ ...input, verdict }, { lang }).split('\n')).toContain(line);
    expect(renderReport(input, { lang })).not.toContain(line.trim());
  });
});

it('tells a reader who may see one namespace that the rest is not shown, and offers no remedy that was left out', () => {
  const hidden: Finding = {
    ...drop,
    code: 'NV-NO-LISTENER',
    hop: '[redacted]',
    node: null,
    params: { where: '[redacted]', port: 80, protocol: 'tcp' },
    evidence: [],
    remedy: null,
    redacted: 'other-namespace',
  };
  const input: ReportInput = {
    verdict: {
      outcome: 'unreachable',
      share,
      summary: summarize('unreachable', share, { ...context, destination: 'service [redacted]' }, null),
    },
    findings: [hidden],
    trace: { branches: [] },
    visibleNamespaces: ['shop'],
  };
  const report = renderReport(input, { lang: 'en' });
  expect(report).toContain('The packets arrive at (not shown), but no process there listens on port 80/tcp');
  expect(report).toContain('It lies in a namespace that you may not see.');
  expect(report).toContain('Hidden you see what lies in shop;');
  expect(report).not.toContain(LABELS.en.noRemedy);
  expect(renderReport(input, { lang: 'zh' })).toContain('它位于您无权查看的命名空间。');
});
