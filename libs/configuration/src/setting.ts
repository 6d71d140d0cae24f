/** One thing that a service is told at start: its name, what it means, and how its text is read. */
import { isAbsolute } from 'node:path';

/** The operator's mistake, or all of them. `runService` prints the message alone and exits with 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export interface Setting<T> {
  /** Of the environment variable; flag and key in the file follow from it. */
  readonly name: `NETVERDICT_${string}`;
  /** What it is, as a noun: `the NATS server`. */
  readonly about: string;
  /** What its text looks like: `nats://… or tls://…`. */
  readonly form: string;
  /** `value`: the text itself. `secret`: the same, never shown, and may lie in a file (`…_FILE`). `content`: names a file, whose content counts and is never shown. */
  readonly kind: 'value' | 'secret' | 'content';
  /** required: must be given. Otherwise the text that counts when nothing is; null: none. */
  readonly fallback: { readonly required: true } | { readonly required: false; readonly text: string | null };
  /** Makes no sense without that other setting. */
  readonly needs?: string;
  /** Must be given as soon as that other setting is. */
  readonly neededBy?: string;
  /** @throws Error whose message stands after the name: `must be …`. It never repeats a secret. */
  parse(text: string): T;
  readonly whenAbsent: T | undefined;
}

/** Any setting, whatever its value's type is. */
export type AnySetting = Setting<unknown>;
export type Settings = Readonly<Record<string, AnySetting>>;
export type ValuesOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

type Name = Setting<unknown>['name'];

const required = <T>(
  name: Name,
  about: string,
  form: string,
  parse: (text: string) => T,
  kind: Setting<T>['kind'] = 'value',
): Setting<T> => ({ name, about, form, kind, fallback: { required: true }, parse, whenAbsent: undefined });

/** With a text that counts when none is given. */
export const or = <T>(setting: Setting<T>, text: string): Setting<T> => ({
  ...setting,
  fallback: { required: false, text },
});

export const orNone = <T>(setting: Setting<T>): Setting<T | null> => ({
  ...setting,
  fallback: { required: false, text: null },
  whenAbsent: null,
});

/** The same setting, read further: what only its service understands is checked with all the others. */
export const readBy = <T, U>(setting: Setting<T>, read: (value: T) => U, whenAbsent?: U): Setting<U> => ({
  ...setting,
  parse: (text) => read(setting.parse(text)),
  whenAbsent,
});

export const neededBy = <T>(setting: Setting<T>, other: AnySetting): Setting<T> => ({
  ...setting,
  neededBy: other.name,
});
export const needs = <T>(setting: Setting<T>, other: AnySetting): Setting<T> => ({ ...setting, needs: other.name });

export const text = (name: Name, about: string): Setting<string> => required(name, about, 'text', (given) => given);

export const integer = (
  name: Name,
  about: string,
  range: { readonly min: number; readonly max: number },
): Setting<number> => {
  const form = `an integer from ${range.min} to ${range.max}`;
  return required(name, about, form, (given) => {
    const number = Number(given);
    if (!Number.isInteger(number) || number < range.min || number > range.max)
      throw new Error(`must be ${form}, not "${given}"`);
    return number;
  });
};

export const oneOf = <T extends string>(name: Name, about: string, choices: readonly T[]): Setting<T> =>
  required(name, about, `one of ${choices.join(', ')}`, (given) => {
    const choice = choices.find((c) => c === given);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not "${given}"`);
    return choice;
  });

/** Its message never shows the text: it may hold a password. */
export const url = (name: Name, about: string, schemes: readonly string[]): Setting<string> => {
  const form = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return required(name, about, `a URL that begins with ${form}`, (given) => {
    const scheme = URL.canParse(given) ? new URL(given).protocol.slice(0, -1) : null;
    if (scheme === null || !schemes.includes(scheme)) throw new Error(`must be a URL that begins with ${form}`);
    return given;
  });
};

/** One or several, with commas between: the servers of a cluster, of which any will do. */
export const urls = (name: Name, about: string, schemes: readonly string[]): Setting<string> => {
  const one = url(name, about, schemes);
  return {
    ...one,
    form: `${one.form}, or several with commas between`,
    parse: (given) =>
      given
        .split(',')
        .map((each) => one.parse(each.trim()))
        .join(','),
  };
};

/** A URL that holds a password as a rule. */
export const secretUrl = (name: Name, about: string, schemes: readonly string[]): Setting<string> => ({
  ...url(name, about, schemes),
  kind: 'secret',
});

export const absolutePath = (name: Name, about: string): Setting<string> =>
  required(name, about, 'an absolute path', (given) => {
    if (!isAbsolute(given)) throw new Error(`must be an absolute path, not "${given}"`);
    return given;
  });

/** A file that the service opens by itself. */
export const path = (name: Name, about: string): Setting<string> =>
  required(name, about, 'path of a file', (given) => given);

/** A file whose content is the secret. */
export const contentOf = (name: Name, about: string): Setting<string> =>
  required(name, about, 'path of a file', (content) => content, 'content');

export const list = (name: Name, about: string): Setting<readonly string[]> =>
  required(name, about, 'names with commas between', (given) =>
    given
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  );

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port` (all addresses). Port 0 lets the kernel choose. */
export function parseListen(given: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(given);
  const port = Number(match?.[3]);
  if (!match || port > 65535) throw new Error(`must be host:port, not "${given}"`);
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '::' : host, port };
}

export const listen = (name: Name, about: string): Setting<ListenAddress> =>
  required(name, about, 'host:port, [v6]:port or :port', parseListen);
