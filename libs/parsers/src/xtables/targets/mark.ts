/** -j MARK and -j CONNMARK: every form reduces to (mark & ~mask) ^ value, as in extensions/libxt_MARK.c. */
import type { XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Given, has, type Module } from '../module.ts';
import { hex, printValueAndMask, valueAndMask, whole } from '../values.ts';
import type { TargetPrinters } from './printers.ts';

const ALL = 0xffffffff;
const SETTERS = { '--set-xmark': 1, '--set-mark': 1, '--and-mark': 1, '--or-mark': 1, '--xor-mark': 1 } as const;

function xmark(g: Given): { value: number; mask: number } {
  const text = arg(g);
  switch (g.option) {
    case '--set-mark': {
      // Clears the mask's bits and ORs the value in, so the value's bits are cleared too.
      const { value, mask } = valueAndMask(text);
      return { value, mask: (mask | value) >>> 0 };
    }
    case '--and-mark':
      return { value: 0, mask: ~whole(text) >>> 0 };
    case '--or-mark':
      return { value: whole(text), mask: whole(text) };
    case '--xor-mark':
      return { value: whole(text), mask: 0 };
    default:
      return valueAndMask(text);
  }
}

const setterOf = (given: readonly Given[]): Given | undefined => given.findLast((g) => g.option in SETTERS);

export const mark: Module<XtTarget> = {
  options: SETTERS,
  build: (given) => {
    const g = setterOf(given);
    if (!g) throw new Malformed('MARK does not say which mark');
    return { kind: 'mark', ...xmark(g) };
  },
};

export const connmark: Module<XtTarget> = {
  options: {
    ...SETTERS,
    '--save-mark': 0,
    '--restore-mark': 0,
    '--mask': 1,
    '--nfmask': 1,
    '--ctmask': 1,
    '--left-shift-mark': 1,
    '--right-shift-mark': 1,
  },
  build: (given) => {
    const left = find(given, '--left-shift-mark');
    const right = find(given, '--right-shift-mark');
    const shift = left ? whole(arg(left), 31) : right ? -whole(arg(right), 31) : 0;
    const g = setterOf(given);
    if (g) return { kind: 'connmark-set', ...xmark(g), shift: shift === 0 ? 0 : shift };
    const bits = (name: string): number => {
      const own = find(given, name) ?? find(given, '--mask');
      return own ? whole(arg(own)) : ALL;
    };
    const masks = { nfmask: bits('--nfmask'), ctmask: bits('--ctmask'), shift: shift === 0 ? 0 : shift };
    if (has(given, '--save-mark')) return { kind: 'connmark-save', ...masks };
    if (has(given, '--restore-mark')) return { kind: 'connmark-restore', ...masks };
    throw new Malformed('CONNMARK does not say what to do');
  },
};

const masks = (t: { nfmask: number; ctmask: number }): string => `--nfmask ${hex(t.nfmask)} --ctmask ${hex(t.ctmask)}`;
const printShift = ({ shift }: { shift: number }): string =>
  shift === 0 ? '' : ` --${shift > 0 ? 'left' : 'right'}-shift-mark ${Math.abs(shift)}`;

export const print: Pick<TargetPrinters, 'mark' | 'connmark-set' | 'connmark-save' | 'connmark-restore'> = {
  mark: (t) => `-j MARK --set-xmark ${printValueAndMask(t)}`,
  'connmark-set': (t) => `-j CONNMARK --set-xmark ${printValueAndMask(t)}${printShift(t)}`,
  'connmark-save': (t) => `-j CONNMARK --save-mark ${masks(t)}${printShift(t)}`,
  'connmark-restore': (t) => `-j CONNMARK --restore-mark ${masks(t)}${printShift(t)}`,
};
