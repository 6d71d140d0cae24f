/** `netverdict explain NV-…`: the page of a finding code; without one, all codes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDING_CODES } from '@netverdict/verdict';
import { UsageError } from '../exit-codes.ts';
import { repositoryRoot } from '../local/repository.ts';

export function explain(given: string | undefined): string {
  const codes = Object.keys(FINDING_CODES).sort();
  if (given === undefined) return list();
  const asked = given.toUpperCase();
  const code = asked.startsWith('NV-') ? asked : `NV-${asked}`;
  if (!codes.includes(code)) {
    const near = codes.filter((c) => c.toLowerCase().includes(code.toLowerCase().replace(/^nv-/, '')));
    throw new UsageError(
      `there is no finding ${code}. ${near.length > 0 ? `Did you mean ${near.join(', ')}?` : '`netverdict explain` lists all.'}`,
    );
  }
  return readFileSync(join(repositoryRoot, 'docs/findings', `${code}.md`), 'utf8');
}

/** In the registry's order, which is that of the stack. */
function list(): string {
  const entries = Object.entries(FINDING_CODES);
  const width = Math.max(...entries.map(([code]) => code.length));
  return entries.map(([code, { title }]) => `${code.padEnd(width)}  ${title.en}\n`).join('');
}
