/** -m u32: `start&mask>>shift@…=value,from:to&&…` (xt_u32.h, extensions/libxt_u32.c). */
import type { U32Step, U32Test, XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import { hex, not, quote, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const OPS: Readonly<Record<string, U32Step['op']>> = { '&': 'and', '<<': 'left', '>>': 'right', '@': 'at' };
const SIGNS: Readonly<Record<U32Step['op'], string>> = { first: '', and: '&', left: '<<', right: '>>', at: '@' };
/** XT_U32_MAXSIZE: tests, steps and values. */
const MOST = 10;

function test(text: string): U32Test {
  const at = text.indexOf('=');
  if (at < 0) throw new Malformed(`the u32 test "${text}" has no "="`);
  const [first = '', ...rest] = text.slice(0, at).split(/(<<|>>|&|@)/);
  const steps: U32Step[] = [{ op: 'first', number: whole(first.trim()) }];
  for (let i = 0; i + 1 < rest.length; i += 2)
    steps.push({ op: OPS[rest[i] ?? ''] ?? 'and', number: whole((rest[i + 1] ?? '').trim()) });
  const values = text
    .slice(at + 1)
    .split(',')
    .map((part) => {
      const [from = '', to = from] = part.split(':');
      return { from: whole(from.trim()), to: whole(to.trim()) };
    });
  if (steps.length > MOST + 1 || values.length > MOST) throw new Malformed(`the u32 test "${text}" is too long`);
  return { steps, values };
}

export const u32: Module<readonly XtMatch[]> = {
  options: { '--u32': 1 },
  build: (given) => {
    const g = find(given, '--u32');
    if (!g) throw new Malformed('-m u32 has no --u32');
    const tests = arg(g).split('&&').map(test);
    if (tests.length > MOST) throw new Malformed(`"${arg(g)}" has more tests than ${MOST}`);
    return [{ kind: 'u32', tests, negate: g.negate }];
  },
};

const printTest = (t: U32Test): string =>
  `${t.steps.map((s) => `${SIGNS[s.op]}${hex(s.number)}`).join('')}=${t.values
    .map((v) => (v.from === v.to ? hex(v.from) : `${hex(v.from)}:${hex(v.to)}`))
    .join(',')}`;
export const print: Pick<MatchPrinters, 'u32'> = {
  u32: (m) => `-m u32 ${not(m.negate)}--u32 ${quote(m.tests.map(printTest).join('&&'))}`,
};
