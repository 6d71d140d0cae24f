/**
 * Where settings come from, the first that has one counts:
 *
 *   flag  --nats-url nats://bus:4222      environment  NETVERDICT_NATS_URL      file  natsUrl:      the setting's default
 *
 * The file (--config, or NETVERDICT_CONFIG_FILE) is YAML or JSON, the same for all services: what stands below a
 * service's name is that service's alone and counts before what stands at the top.
 */
import { readFile } from 'node:fs/promises';
import { ConfigurationError } from './setting.ts';

export interface Sources {
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: ReadonlyMap<string, string>;
  /** What is wrong with the sources themselves; told together with wrong settings. */
  readonly problems: readonly string[];
}

export const environmentOnly = (environment: Sources['environment']): Sources => ({
  flags: new Map(),
  environment,
  file: new Map(),
  problems: [],
});

const words = (name: string): string[] =>
  name
    .replace(/^NETVERDICT_/, '')
    .toLowerCase()
    .split('_');
/** NETVERDICT_NATS_URL: `--nats-url`. */
export const flagOf = (name: string): string => `--${words(name).join('-')}`;
/** NETVERDICT_NATS_URL: `natsUrl`. */
export const keyOf = (name: string): string =>
  words(name)
    .map((word, i) => (i === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('');

/** `--name value` and `--name=value`. */
function parseFlags(
  args: readonly string[],
  known: ReadonlySet<string>,
): { flags: Map<string, string>; problems: string[] } {
  const flags = new Map<string, string>();
  const problems: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [flag = '', ...rest] = arg.split('=');
    if (!known.has(flag)) {
      // Not the value: it may be a secret that was meant for another flag.
      problems.push(`${flag.startsWith('--') ? flag : 'an argument that is no flag'} is not understood`);
      continue;
    }
    const value = arg.includes('=') ? rest.join('=') : args[++i];
    if (value === undefined) problems.push(`${flag} is the last argument: its value is missing`);
    else flags.set(flag, value);
  }
  return { flags, problems };
}

const textOf = (value: unknown): string | null => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value.join(',');
  return null;
};

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseFile(
  document: unknown,
  service: string,
  services: readonly string[],
  known: ReadonlySet<string>,
): { file: Map<string, string>; problems: string[] } {
  const file = new Map<string, string>();
  const problems: string[] = [];
  const take = (section: Readonly<Record<string, unknown>>, prefix: string, ours: boolean): void => {
    for (const [key, value] of Object.entries(section)) {
      if (value === null) continue;
      const text = textOf(value);
      if (!known.has(key)) problems.push(`${prefix}${key} in the file is no setting`);
      else if (text === null) problems.push(`${prefix}${key} in the file must be one value or a list of texts`);
      else if (ours) file.set(key, text);
    }
  };
  if (document === null || document === undefined) return { file, problems };
  if (!isSection(document))
    return { file, problems: ['the file must hold settings with their values, as YAML or JSON'] };
  const top = Object.entries(document).filter(([key]) => !services.includes(key));
  take(Object.fromEntries(top), '', true);
  for (const name of services) {
    const section = document[name];
    if (section === undefined || section === null) continue;
    if (isSection(section)) take(section, `${name}.`, name === service);
    else problems.push(`${name} in the file must hold the settings of that service`);
  }
  return { file, problems };
}

export interface Given {
  readonly service: string;
  readonly args: readonly string[];
  readonly environment: Sources['environment'];
  /** Names of the service's own settings, those with `_FILE` too. */
  readonly names: readonly string[];
  /** Those of all services: a file may serve them all. */
  readonly allNames: readonly string[];
  readonly services: readonly string[];
}

/** Reads the file where one is named. @throws ConfigurationError when it can't be read */
export async function readSources(given: Given): Promise<Sources> {
  const { flags, problems } = parseFlags(given.args, new Set(['--config', ...given.names.map(flagOf)]));
  const configFile = flags.get('--config') ?? (given.environment.NETVERDICT_CONFIG_FILE?.trim() || null);
  let file: ReadonlyMap<string, string> = new Map();
  if (configFile !== null) {
    // Late: most services are told all by their environment, and each import is memory on every node.
    const { parse } = await import('yaml');
    let document: unknown;
    try {
      document = parse(await readFile(configFile, 'utf8'));
    } catch (error) {
      throw new ConfigurationError(`${configFile} can't be used: ${firstLine(error)}`);
    }
    const parsed = parseFile(document, given.service, given.services, new Set(given.allNames.map(keyOf)));
    file = parsed.file;
    problems.push(...parsed.problems.map((problem) => `${configFile}: ${problem}`));
  }
  return { flags, environment: given.environment, file, problems };
}

/** YAML's errors show the lines around, which may hold a secret. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
