/** A finding as a sentence, from the registry's text and the finding's params. */
import type { Finding, Lang } from '../findings/finding.ts';
import { FINDING_CODES } from '../findings/registry.ts';

/** Replaces `{name}`; a name that the params lack stays visible, so that a test and a reader notice. */
export function fill(template: string, params: Finding['params']): string {
  return template.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : String(value);
  });
}

const DIRECTION = {
  en: 'On the way back: ',
  zh: '在返回方向上:',
} as const;

export function findingText(finding: Finding, lang: Lang): string {
  const entry = FINDING_CODES[finding.code];
  const text = fill(entry.text[lang], finding.params);
  return finding.direction === 'reply' ? `${DIRECTION[lang]}${text}` : text;
}

export const findingTitle = (finding: Finding, lang: Lang): string => FINDING_CODES[finding.code].title[lang];
