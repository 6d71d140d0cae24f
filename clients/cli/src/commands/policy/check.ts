/** `netverdict policy check` and `policy explain`: one flow against the policies. */

import { parseIp } from '@netverdict/linux-net';
import {
  allowances,
  type Cluster,
  type End,
  endOf,
  endOfPod,
  evaluate,
  explain,
  headline,
  type PolicyFlow,
  type Protocol,
} from '@netverdict/netpol';
import type { Lang } from '@netverdict/verdict';
import { stringify } from 'yaml';
import { EXIT, UsageError } from '../../exit-codes.ts';
import { terminalPaint as paint } from '../../terminal/paint.ts';
import { print } from '../../terminal/print.ts';
import { langOf } from '../diagnose.ts';
import { loadCluster } from './load.ts';

export interface CheckOptions {
  readonly file: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly lang: string;
  readonly json?: boolean;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' };

export function check(options: CheckOptions, inFull: boolean): number {
  const cluster = loadCluster(options.file);
  const flow = flowOf(cluster, options);
  const answer = evaluate(cluster, flow);
  const code = answer.allowed === null ? EXIT.undetermined : answer.allowed ? EXIT.reachable : EXIT.unreachable;
  const lines = explain(flow, answer);
  const opened = allowances(cluster, flow, answer);
  if (options.json) {
    const told = { allowed: answer.allowed, summary: headline(flow, answer), reasons: lines, wouldAllow: opened };
    print(JSON.stringify(told, null, 2));
    return code;
  }
  const lang: Lang = langOf(options.lang);
  const [mark, colour] =
    answer.allowed === null
      ? (['?', paint.unsure] as const)
      : answer.allowed
        ? (['✓', paint.good] as const)
        : (['✗', paint.bad] as const);
  print(`${colour(mark)}  ${paint.strong(headline(flow, answer)[lang])}\n`);
  // Which rules missed is for who asks for it.
  for (const line of lines) if (inFull || !line[lang].startsWith('  ')) print(`   ${line[lang]}`);
  for (const { direction, manifest, overruledBy } of opened) {
    const heading = {
      egress: { en: 'To let it out', zh: '放行出站' },
      ingress: { en: 'To let it in', zh: '放行入站' },
    };
    print('');
    if (overruledBy !== null) {
      const [en, zh] = [
        `${heading[direction].en}, ${overruledBy} has to be changed: it stands above the policies of namespaces.`,
        `${heading[direction].zh}需要修改 ${overruledBy}:它的优先级高于命名空间中的策略。`,
      ];
      print(`   ${lang === 'zh' ? zh : en}`);
      continue;
    }
    print(`   ${heading[direction][lang]}${lang === 'zh' ? ',可添加' : ', this would do'}:`);
    print(
      stringify(manifest)
        .trimEnd()
        .split('\n')
        .map((line) => `     ${paint.faint(line)}`)
        .join('\n'),
    );
  }
  return code;
}

function flowOf(cluster: Cluster, { from, to, protocol }: CheckOptions): PolicyFlow {
  const known = PROTOCOLS[protocol.toLowerCase()];
  if (!known) throw new UsageError(`--protocol ${protocol}: policies know tcp, udp and sctp`);
  const at = to.lastIndexOf(':');
  const port = Number(to.slice(at + 1));
  // An IPv6 address has colons of its own: [2001:db8::1]:80.
  if (at < 0 || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(
      `--to ${to}: write the end and its port, such as shop/web:8080, 10.0.0.1:443 or [2001:db8::1]:443`,
    );
  return { source: endNamed(cluster, from), destination: endNamed(cluster, to.slice(0, at)), protocol: known, port };
}

function endNamed(cluster: Cluster, text: string): End {
  const [first = '', second = '', third] = text.split('/');
  if (first === 'node' && third === undefined) {
    const node = cluster.nodes.get(second);
    if (node) return { kind: 'node', node: second, address: node.addresses[0] ?? null };
    throw new UsageError(`there is no node ${second} in these manifests`);
  }
  const pod = cluster.pods.get(text);
  if (pod) return endOfPod(pod);
  const address = parseIp(text.replace(/^\[(.*)\]$/, '$1'));
  if (address.ok) return endOf(cluster, address.value);
  const near = [...cluster.pods.keys()]
    .filter((key) => key.startsWith(`${first}/`) || key.includes(second))
    .slice(0, 5);
  throw new UsageError(
    `${text} is neither a pod of these manifests (namespace/name), node/NAME nor an address.${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}`,
  );
}
