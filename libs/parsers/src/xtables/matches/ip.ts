/** The options of the rule itself: -s -d -i -o -p -f, which need no module. */
import type { Family, XtMatch } from '@netverdict/linux-net';
import { protocolNumber } from '../../ip/names.ts';
import { interfacePattern, maskedAddress, not, printInterface, printMaskedAddress } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** Short and long spellings of the options that stand before any module. `-s` may list several addresses when typed, never when saved. */
export const BASE_OPTIONS: ReadonlyMap<string, 's' | 'd' | 'i' | 'o' | 'p'> = new Map([
  ['-s', 's'],
  ['--source', 's'],
  ['--src', 's'],
  ['-d', 'd'],
  ['--destination', 'd'],
  ['--dst', 'd'],
  ['-i', 'i'],
  ['--in-interface', 'i'],
  ['-o', 'o'],
  ['--out-interface', 'o'],
  ['-p', 'p'],
  ['--protocol', 'p'],
  ['--proto', 'p'],
]);

export function baseMatch(option: 's' | 'd' | 'i' | 'o' | 'p', text: string, negate: boolean, family: Family): XtMatch {
  // Typed rules may list addresses: the kernel then has one rule for each. A saved ruleset never shows a list.
  if ((option === 's' || option === 'd') && text.includes(',') && isList(text, family))
    return {
      kind: 'unsupported',
      module: option === 's' ? 'source' : 'destination',
      text: `${not(negate)}-${option} ${text}`,
    };
  switch (option) {
    case 's':
      return { kind: 'source', value: maskedAddress(text, family), negate };
    case 'd':
      return { kind: 'destination', value: maskedAddress(text, family), negate };
    case 'i':
      return { kind: 'in-interface', ...interfacePattern(text), negate };
    case 'o':
      return { kind: 'out-interface', ...interfacePattern(text), negate };
    case 'p':
      return { kind: 'protocol', number: protocolNumber(text), negate };
  }
}

const isList = (text: string, family: Family): boolean =>
  text.split(',').every((part) => maskedAddress(part, family) !== null);

export const print: Pick<
  MatchPrinters,
  'source' | 'destination' | 'in-interface' | 'out-interface' | 'protocol' | 'fragment'
> = {
  source: (m) => `${not(m.negate)}-s ${printMaskedAddress(m.value)}`,
  destination: (m) => `${not(m.negate)}-d ${printMaskedAddress(m.value)}`,
  'in-interface': (m) => `${not(m.negate)}-i ${printInterface(m)}`,
  'out-interface': (m) => `${not(m.negate)}-o ${printInterface(m)}`,
  protocol: (m) => `${not(m.negate)}-p ${m.number}`,
  fragment: (m) => `${not(m.negate)}-f`,
};
