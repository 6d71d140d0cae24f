/** `netverdict explain NV-…`: the page of a finding code; without one, all codes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, nearest } from '@netverdict/contracts';
import { FINDING_CODES, type Lang } from '@netverdict/verdict';
import { UsageError } from '../exit-codes.ts';
import { repositoryRoot } from '../local/repository.ts';

/** What fits more codes than these names none of them. */
const MOST_NAMED = 8;

export function explain(given: string | undefined, lang: Lang = 'en'): string {
  const codes = Object.keys(FINDING_CODES).sort();
  if (given === undefined) return list(lang);
  const asked = given.toUpperCase();
  const code = asked.startsWith('NV-') ? asked : `NV-${asked}`;
  if (!codes.includes(code)) {
    const part = code.slice('NV-'.length);
    const holding = codes.filter((one) => one.includes(part));
    const near =
      holding.length > 0
        ? holding.length > MOST_NAMED
          ? []
          : holding
        : nearest(
            part,
            codes.map((one) => one.slice('NV-'.length)),
          ).map((one) => `NV-${one}`);
    throw new UsageError(`there is no finding ${code}.${didYouMean(near) || ' `netverdict explain` lists all.'}`);
  }
  const page = readFileSync(join(repositoryRoot, 'docs/findings', `${code}.md`), 'utf8');
  return lang === 'zh' ? chinese(page) : page;
}

/** The page's title and its part in Chinese, with what is run by hand, which needs no language. */
function chinese(page: string): string {
  const [heading = ''] = page.split('\n');
  const title = /^\*\*中文:\*\* (.+)$/m.exec(page)?.[1];
  const section = (name: string): string => page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? '';
  const text = section('中文').slice('中文'.length).trim();
  const commands = /```[\s\S]*?```/.exec(section('Check it by hand'))?.[0];
  const code = heading.split(' — ')[0] ?? heading;
  return [
    `${code}${title === undefined ? '' : ` — ${title}`}`,
    text,
    ...(commands ? [`## 手动检查\n${commands}`] : []),
  ].join('\n\n');
}

/** In the registry's order, which is that of the stack. */
function list(lang: Lang): string {
  const entries = Object.entries(FINDING_CODES);
  const width = Math.max(...entries.map(([code]) => code.length));
  return entries.map(([code, { title }]) => `${code.padEnd(width)}  ${title[lang]}\n`).join('');
}
