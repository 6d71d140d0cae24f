/** From sources to typed values: all that is wrong is told at once, and nothing of a secret. */
import { readFileSync } from 'node:fs';
import { type AnySetting, ConfigurationError, type Settings, type ValuesOf } from './setting.ts';
import { flagOf, keyOf, type Sources } from './sources.ts';

export type Origin = 'flag' | 'environment' | 'file' | 'default';

export interface Found {
  readonly text: string | null;
  readonly origin: Origin;
  /** The file that a secret was read from. */
  readonly readFrom: string | null;
}

/** Empty counts as absent: that is what an unset value in a manifest or a Makefile becomes. */
const given = (text: string | undefined): string | null =>
  text === undefined || text.trim() === '' ? null : text.trim();

function lookUp(name: string, sources: Sources): { text: string; origin: Origin } | null {
  const flag = given(sources.flags.get(flagOf(name)));
  if (flag !== null) return { text: flag, origin: 'flag' };
  const variable = given(sources.environment[name]);
  if (variable !== null) return { text: variable, origin: 'environment' };
  const key = given(sources.file.get(keyOf(name)));
  return key === null ? null : { text: key, origin: 'file' };
}

function contentOf(path: string, name: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Error(`${name}: ${path} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  if (content === '') throw new Error(`${name}: ${path} is empty`);
  return content;
}

/** The text of a setting and whence it came. @throws Error: what is wrong, as a whole sentence */
export function find(setting: AnySetting, sources: Sources): Found {
  const direct = lookUp(setting.name, sources);
  const named = setting.kind === 'secret' ? lookUp(`${setting.name}_FILE`, sources) : null;
  if (direct !== null && named !== null)
    throw new Error(`${setting.name} and ${setting.name}_FILE are both set: one of them is too many`);
  if (named !== null)
    return { text: contentOf(named.text, `${setting.name}_FILE`), origin: named.origin, readFrom: named.text };
  if (direct !== null && setting.kind === 'content')
    return { text: contentOf(direct.text, setting.name), origin: direct.origin, readFrom: direct.text };
  if (direct !== null) return { ...direct, readFrom: null };
  if (setting.fallback.required) {
    const orFile = setting.kind === 'secret' ? `, nor is ${setting.name}_FILE` : '';
    throw new Error(`${setting.name} is not set${orFile} (${setting.about}; ${setting.form})`);
  }
  return { text: setting.fallback.text, origin: 'default', readFrom: null };
}

const isGiven = (name: string, sources: Sources): boolean =>
  lookUp(name, sources) !== null || lookUp(`${name}_FILE`, sources) !== null;

/** @throws Error: what is wrong, as a whole sentence */
export function settingValue(setting: AnySetting, sources: Sources): unknown {
  const { text, origin } = find(setting, sources);
  if (setting.needs !== undefined && origin !== 'default' && !isGiven(setting.needs, sources))
    throw new Error(`${setting.name} is set, but ${setting.needs}, which it belongs to, is not`);
  if (text === null) {
    if (setting.neededBy !== undefined && isGiven(setting.neededBy, sources))
      throw new Error(`${setting.name} is not set (${setting.about}), and ${setting.neededBy} needs it`);
    return setting.whenAbsent;
  }
  try {
    return setting.parse(text);
  } catch (error) {
    throw new Error(`${setting.name}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws ConfigurationError with a line for each problem */
export function readSettings<S extends Settings>(settings: S, sources: Sources): ValuesOf<S> {
  const problems = [...sources.problems];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    try {
      values[key] = settingValue(setting, sources);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'));
  // Each key has what its own setting's parse() gave: the compiler can't follow that through Object.entries.
  return values as ValuesOf<S>;
}
