/** Why nobody can tell certain mutants of translations from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { OBSERVER } from './reasons.ts';

export const OF_NAT: readonly Explanation[] = [
  gap(
    'nat/bind.ts',
    'no connection that was masqueraded in a run leaves by another device in the same run',
    'if (masqueradedBy !== null)',
  ),
  same('nat/bind.ts', 'what is said of the translation: words', "if (manip === 'src')"),
  same(
    'nat/bind.ts',
    'a packet that is written anew with what it has is the same',
    ['if (packet.destination === target.destination', '=== → !=='],
    ['if (packet.source === target.source', '=== → !=='],
  ),
  same(
    'nat/bind.ts',
    'asked of ranges of several addresses, and what is built upon this one has one',
    'persistent: false',
  ),
  same('nat/translate.ts', 'asked only of a packet that has a connection', ['if (!entry) return', 'true → false']),
  same('nat/translate.ts', OBSERVER, 'if (!bound ||'),
  gap(
    'nat/translate.ts',
    'no connection that was masqueraded leaves by another device: worlds do not change on the way',
    "if (hook !== 'POSTROUTING'",
    'if (entry.masqueradedBy === devices',
    'if (!entry.collected ||',
  ),
  same(
    'nat/unique-tuple.ts',
    'whether a port had to change is for counts',
    'let clash',
    'clash = true',
    'else clash = true',
    ['if (!used(current)) return', 'false → true'],
    ['if (before && !used(before)) return', 'false → true'],
  ),
  same('nat/unique-tuple.ts', "a shortcut: the connection's own is passed over further down as well", [
    'if (others.length === 0',
    '=== → !==',
  ]),
  same('nat/unique-tuple.ts', 'one more than all is the first again', 'for (let i = 0; i < Math.min'),
  gap('nat/unique-tuple.ts', 'no range of one port is taken twice by its lots', 'return { tuple: at(start)'),
  same('nat/unique-tuple.ts', 'a range of one port is the same the other way round', 'return ports.from <= ports.to'),
].flat();
