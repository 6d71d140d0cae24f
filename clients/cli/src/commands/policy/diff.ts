/** `netverdict policy diff`: what a change of manifests opens and closes, before it is applied. */
import { compare, type Difference, formatPorts, isEmpty } from '@netverdict/netpol';
import { EXIT, UsageError } from '../../exit-codes.ts';
import { terminalPaint as paint } from '../../terminal/paint.ts';
import { print } from '../../terminal/print.ts';
import { loadCluster, matrixFor } from './load.ts';

export interface DiffOptions {
  readonly with?: readonly string[];
  readonly output: string;
}

/** @returns 0: nothing changes; 1: something does */
export function diff(before: string, after: string, options: DiffOptions): number {
  if (!['text', 'json', 'junit'].includes(options.output))
    throw new UsageError(`--output ${options.output}: text, json or junit`);
  const shared = options.with ?? [];
  const old = loadCluster([before, ...shared]);
  const now = loadCluster([after, ...shared]);
  const change = compare(matrixFor(old, now), matrixFor(now, old));
  if (options.output === 'json') print(JSON.stringify(asJson(change), null, 2));
  else if (options.output === 'junit') print(asJunit(change));
  else asText(change);
  return change.changes.length + change.added.length + change.removed.length === 0 ? EXIT.reachable : EXIT.unreachable;
}

function asText({ changes, added, removed }: Difference): void {
  const opened = changes.filter((c) => !isEmpty(c.opened));
  const closed = changes.filter((c) => !isEmpty(c.closed));
  if (changes.length + added.length + removed.length === 0) print('Nothing is opened, and nothing closed.');
  if (opened.length > 0) print(paint.strong('Opened'));
  for (const { from, to, opened: ports } of opened) print(paint.bad(`  + ${from} → ${to}: ${formatPorts(ports)}`));
  if (closed.length > 0) print(paint.strong('Closed'));
  for (const { from, to, closed: ports } of closed) print(paint.good(`  - ${from} → ${to}: ${formatPorts(ports)}`));
  if (added.length > 0) print(`${paint.strong('Only after')}: ${added.join(', ')}`);
  if (removed.length > 0) print(`${paint.strong('Only before')}: ${removed.join(', ')}`);
}

const asJson = ({ changes, added, removed }: Difference): object => ({
  changes: changes.map(({ from, to, opened, closed }) => ({
    from,
    to,
    opened: formatPorts(opened),
    closed: formatPorts(closed),
  })),
  added,
  removed,
});

/** A failure for each pair that is opened or closed, as CI systems show them. */
function asJunit({ changes }: Difference): string {
  const cases = changes.map(({ from, to, opened, closed }) => {
    const what = [
      ...(isEmpty(opened) ? [] : [`opened: ${formatPorts(opened)}`]),
      ...(isEmpty(closed) ? [] : [`closed: ${formatPorts(closed)}`]),
    ].join('; ');
    return `    <testcase classname="policy diff" name="${xml(`${from} → ${to}`)}"><failure message="${xml(what)}"/></testcase>`;
  });
  const none = '    <testcase classname="policy diff" name="nothing is opened or closed"/>';
  const count = `tests="${Math.max(1, cases.length)}" failures="${cases.length}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${count}>`,
    `  <testsuite name="netverdict policy diff" ${count}>`,
    ...(cases.length > 0 ? cases : [none]),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
