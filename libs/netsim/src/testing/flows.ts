/** Flows of the test cluster, and a trace as text for a failing row. */
import { type Flow, hostKey, podKey } from '@netverdict/linux-net';
import type { Trace } from '@netverdict/verdict';

export const A1 = podKey('node-1', 'shop', 'a-1');
export const B1 = podKey('node-1', 'shop', 'b-1');
export const A2 = podKey('node-2', 'shop', 'a-2');
export const HOST1 = hostKey('node-1');
export const HOST2 = hostKey('node-2');

/** From a namespace (or an outside address) to `10.0.0.1:80`; without a port an echo request. */
export function flow(from: string, to: string, more: Partial<Flow> = {}): Flow {
  const [address = '', port] = to.split(':');
  return {
    family: 'ipv4',
    protocol: port ? 'tcp' : 'icmp',
    source: from.includes('/')
      ? { kind: 'namespace', namespace: from, address: null }
      : { kind: 'external', address: from },
    destination: { address, port: port ? Number(port) : null },
    sourcePort: 40000,
    sizeBytes: 60,
    dontFragment: false,
    ...more,
  };
}

export function traceText(trace: Trace): string {
  return trace.branches
    .map((b) =>
      [
        `${b.id} ${b.disposition} ${b.share ?? '?'} ${b.choices.map((c) => c.label).join(', ')}`,
        ...b.hops.flatMap((h) =>
          h.steps.map(
            (s) => `  ${h.direction} ${h.place}: ${s.text}${(s.steps ?? []).map((x) => `\n      ${x.text}`).join('')}`,
          ),
        ),
      ].join('\n'),
    )
    .join('\n');
}
