/** What a service would run with, for people: nothing of a secret is in it. */
import { find, type Origin, settingValue } from './read.ts';
import type { AnySetting, Settings } from './setting.ts';
import { keyOf, type Sources } from './sources.ts';

export interface Effective {
  readonly name: string;
  readonly key: string;
  readonly about: string;
  /** null: none. */
  readonly value: string | null;
  readonly origin: Origin;
  readonly problem: string | null;
}

/** Users and passwords of a URL, also where it is no secret by its kind. */
/** Of each, where they are several. */
const withoutPassword = (text: string): string =>
  text
    .split(/,(?=\s*[a-z][a-z0-9+.-]*:\/\/)/i)
    .map((url) => url.replace(/^(\s*[a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, '$1***@'))
    .join(',');

function shown(setting: AnySetting, sources: Sources): { value: string | null; origin: Origin } {
  const { text, origin, readFrom } = find(setting, sources);
  if (text === null) return { value: null, origin };
  if (readFrom !== null) return { value: `(secret of ${text.length} characters in ${readFrom})`, origin };
  // What is no URL is shown in no part: anything of it may be the secret.
  if (setting.kind === 'secret') return { value: URL.canParse(text) ? withoutPassword(text) : '(secret)', origin };
  return { value: withoutPassword(text), origin };
}

export function effectiveSettings(settings: Settings, sources: Sources): Effective[] {
  return Object.values(settings).map((setting) => {
    const { name, about } = setting;
    let problem: string | null = null;
    let found: { value: string | null; origin: Origin } = { value: null, origin: 'default' };
    try {
      found = shown(setting, sources);
      settingValue(setting, sources);
    } catch (error) {
      problem = (error as Error).message;
    }
    return { name, key: keyOf(name), about, ...found, problem };
  });
}
