/** A file of flows, as `batch run` takes it: YAML or JSON (a list), or CSV with a line of names; each flow as `diagnose` writes it. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import { parse } from 'yaml';
import { UsageError } from '../exit-codes.ts';
import { type QuestionOptions, toRequest } from './diagnose.ts';

const FIELDS = ['from', 'to', 'protocol', 'size', 'sourcePort', 'fresh', 'probe'] as const;
type Fields = Readonly<Partial<Record<(typeof FIELDS)[number], string | boolean>>>;
const MOST = 1000;

/** @throws UsageError, with the place of what is wrong */
export function parseFlows(text: string, name: string): DiagnosisRequest[] {
  const given = name.endsWith('.csv') ? fromCsv(text, name) : fromYaml(text, name);
  if (given.length === 0 || given.length > MOST)
    throw new UsageError(`${name} has ${given.length} flows: write 1 to ${MOST}`);
  return given.map(({ fields, place }) => flowOf(fields, `${name}, ${place}`));
}

interface Given {
  readonly fields: Record<string, unknown>;
  readonly place: string;
}

function fromYaml(text: string, name: string): Given[] {
  let list: unknown;
  try {
    list = parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not YAML: ${(error as Error).message}`);
  }
  if (typeof list === 'object' && list !== null && 'flows' in list) list = list.flows;
  if (!Array.isArray(list)) throw new UsageError(`${name}: write a list of flows, each with from and to`);
  return list.map((fields: unknown, i) => {
    const place = `flow ${i + 1}`;
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new UsageError(`${name}, ${place}: write from and to`);
    return { fields: { ...fields }, place };
  });
}

/** Nothing that names an end has a comma or a quotation mark. */
function fromCsv(text: string, name: string): Given[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ cells: line.split(',').map((cell) => cell.trim()), n: i + 1 }));
  const [head, ...rows] = lines.filter(({ cells }) => cells.some((cell) => cell !== ''));
  const names = head?.cells ?? [];
  if (!names.includes('from') || !names.includes('to'))
    throw new UsageError(`${name}: the first line names the columns; write from,to and, if you like, protocol,size`);
  return rows.map(({ cells, n }) => {
    if (cells.length > names.length || cells.some((cell) => cell.includes('"')))
      throw new UsageError(
        `${name}, line ${n}: write ${names.length} cells without quotation marks: ${names.join(',')}`,
      );
    const fields = Object.fromEntries(
      names.map((of, i): [string, string] => [of, cells[i] ?? '']).filter(([, cell]) => cell !== ''),
    );
    return { fields, place: `line ${n}` };
  });
}

function flowOf(given: Record<string, unknown>, place: string): DiagnosisRequest {
  for (const [field, value] of Object.entries(given)) {
    if (!(FIELDS as readonly string[]).includes(field))
      throw new UsageError(`${place}: "${field}" is not known; known are ${FIELDS.join(', ')}`);
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new UsageError(`${place}: ${field} is ${JSON.stringify(value)}`);
  }
  const { from, to, protocol = 'tcp', size, sourcePort, fresh, probe }: Fields = given;
  if (from === undefined || to === undefined) throw new UsageError(`${place}: write from and to`);
  const options: QuestionOptions = {
    ...{ from: String(from), to: String(to), protocol: String(protocol) },
    ...(size === undefined ? {} : { size: String(size) }),
    ...(sourcePort === undefined ? {} : { sourcePort: String(sourcePort) }),
    fresh: yes(fresh, `${place}: fresh`),
    probe:
      probe === undefined || typeof probe === 'boolean' || /^\d+$/.test(String(probe))
        ? sent(probe)
        : yes(probe, `${place}: probe`),
  };
  try {
    return toRequest(options);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${place}: ${error.message}`);
    throw error;
  }
}

const sent = (probe: string | boolean | undefined): string | boolean =>
  typeof probe === 'boolean' || probe === undefined ? (probe ?? false) : String(probe);

function yes(value: string | boolean | undefined, what: string): boolean {
  if (value === undefined || value === false || value === 'false') return false;
  if (value === true || value === 'true') return true;
  throw new UsageError(`${what} is ${value}: write true or false`);
}
