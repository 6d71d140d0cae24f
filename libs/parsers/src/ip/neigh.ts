/** `ip -j -d neigh show nud all` and `ip neigh show proxy`. */
import { type LineRef, type NeighbourState, parseIp, parseMac, type Result } from '@netverdict/linux-net';
import { type Fields, optionalText, parseArray, present, text, textList } from '../json/fields.ts';
import { must, type ParseProblem } from '../problem.ts';
import type { NamedNeighbour } from './devices.ts';

const STATES: ReadonlySet<string> = new Set<NeighbourState>([
  'permanent',
  'reachable',
  'stale',
  'delay',
  'probe',
  'noarp',
  'incomplete',
  'failed',
  'none',
]);
export const isNeighbourState = (name: string): name is NeighbourState => STATES.has(name);

export const parseIpNeigh = (source: string): Result<readonly NamedNeighbour[], ParseProblem> =>
  parseArray(source, readNeighbour);

export function readNeighbour(fields: Fields, at: LineRef): NamedNeighbour {
  const mac = parseMac(optionalText(fields, 'lladdr') ?? '');
  return {
    address: must(parseIp(text(fields, 'dst'))),
    dev: text(fields, 'dev'),
    mac: mac.ok ? mac.value : null,
    state:
      textList(fields, 'state')
        .map((name) => name.toLowerCase())
        .find(isNeighbourState) ?? 'none',
    proxy: present(fields, 'proxy'),
    router: present(fields, 'router'),
    evidence: at,
  };
}
