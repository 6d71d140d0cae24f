/** A complete dump of sets parses without losing a member; what was edited is an error that names its line. */
import { describe, expect, test } from 'vitest';
import { parseSection } from '../section.ts';
import { isEdited } from '../testing/edited.ts';
import { dumps, dumpsOf, readDump } from '../testing/real-dumps.ts';

describe.skipIf(dumps.length === 0)('ipset save dumps', () => {
  test.each(dumpsOf('ipset-save'))('$file', (dump) => {
    const text = readDump(dump);
    const parsed = parseSection('ipset-save', text);
    if (!parsed.ok) expect([text.split('\n')[parsed.error.line - 1]].filter(isEdited)).toHaveLength(1);
    else
      expect(parsed.value.flatMap((set) => (set.kind === 'members' ? set.members : []))).toHaveLength(
        text.match(/^\s*add /gm)?.length ?? 0,
      );
  });
});
