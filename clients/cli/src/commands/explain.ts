/** `netverdict explain NV-…`: the page of a finding code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDING_CODES } from '@netverdict/verdict';
import { UsageError } from '../exit-codes.ts';
import { repositoryRoot } from '../local/repository.ts';

export function explain(given: string): string {
  const code = given.toUpperCase();
  const codes = Object.keys(FINDING_CODES).sort();
  if (!codes.includes(code)) {
    const near = codes.filter((c) => c.toLowerCase().includes(code.toLowerCase().replace(/^nv-/, '')));
    throw new UsageError(
      `there is no finding ${code}. ${near.length > 0 ? `Did you mean ${near.join(', ')}?` : `There are: ${codes.join(', ')}`}`,
    );
  }
  return readFileSync(join(repositoryRoot, 'docs/findings', `${code}.md`), 'utf8');
}
