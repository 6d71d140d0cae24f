/** `netverdict policy matrix`: who may reach whom, as table, JSON or CSV. */
import { formatPorts, isEmpty } from '@netverdict/netpol';
import { EXIT, UsageError } from '../../exit-codes.ts';
import { print, printTable } from '../../terminal/print.ts';
import { loadCluster, matrixFor } from './load.ts';

export interface MatrixOptions {
  readonly file: readonly string[];
  readonly output: string;
}

export function matrix({ file, output }: MatrixOptions): number {
  if (!['table', 'json', 'csv'].includes(output)) throw new UsageError(`--output ${output}: table, json or csv`);
  const { workloads, cells } = matrixFor(loadCluster(file));
  const pairs = workloads.flatMap((from, i) =>
    workloads.flatMap((to, j) => {
      const cell = cells[i]?.[j];
      // What is between two ends outside is none of the policies' business.
      if (!cell || (from.end.kind === 'outside' && to.end.kind === 'outside')) return [];
      const unknown = isEmpty(cell.unknown) ? '' : formatPorts(cell.unknown);
      return [{ from: from.name, to: to.name, allowed: formatPorts(cell.allowed), unknown }];
    }),
  );
  if (output === 'json')
    print(JSON.stringify({ workloads: workloads.map(({ name, pods }) => ({ name, pods })), pairs }, null, 2));
  else if (output === 'csv')
    print(
      ['from,to,allowed,unknown', ...pairs.map((p) => [p.from, p.to, p.allowed, p.unknown].map(quoted).join(','))].join(
        '\n',
      ),
    );
  else
    printTable(
      ['from', 'to', 'allowed'],
      pairs.map((p) => [p.from, p.to, p.unknown === '' ? p.allowed : `${p.allowed} (not known: ${p.unknown})`]),
    );
  return EXIT.reachable;
}

/** RFC 4180. A name that a spreadsheet would take for a formula is none here: Kubernetes' names begin with a letter or digit. */
const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
