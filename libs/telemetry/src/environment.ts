/** Reading the environment at start: a wrong or missing variable is one clear line, not a stack trace. */

/** The operator's mistake. `runService` prints its message alone and exits with 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Empty counts as absent: that is what an unset value in a manifest or a Makefile becomes. */
const value = (name: string, env: Environment): string | undefined => {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
};

/** @param meaning what the variable holds, for the message: `address of the NATS server, nats://host:port` */
export function required(name: string, meaning: string, env: Environment = process.env): string {
  const text = value(name, env);
  if (text === undefined) throw new ConfigurationError(`${name} is not set (${meaning})`);
  return text;
}

export const optional = (name: string, fallback: string, env: Environment = process.env): string =>
  value(name, env) ?? fallback;

export const absent = (name: string, env: Environment = process.env): string | null => value(name, env) ?? null;

export function integer(
  name: string,
  fallback: number,
  range: { readonly min: number; readonly max: number },
  env: Environment = process.env,
): number {
  const text = value(name, env);
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isInteger(number) || number < range.min || number > range.max)
    throw new ConfigurationError(`${name} must be an integer from ${range.min} to ${range.max}, not "${text}"`);
  return number;
}

export function oneOf<T extends string>(
  name: string,
  fallback: T,
  choices: readonly T[],
  env: Environment = process.env,
): T {
  const text = value(name, env);
  if (text === undefined) return fallback;
  const choice = choices.find((c) => c === text);
  if (choice === undefined) throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not "${text}"`);
  return choice;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port` (all addresses). Port 0 lets the kernel choose. */
export function listenAddress(
  name: string,
  fallback: string | null,
  env: Environment = process.env,
): ListenAddress | null {
  const text = value(name, env) ?? fallback;
  if (text === null) return null;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) throw new ConfigurationError(`${name} must be host:port, not "${text}"`);
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '::' : host, port };
}

/** The value of a URL with one of the schemes. Its message never shows the value: it may hold a password. */
export function url(name: string, schemes: readonly string[], meaning: string, env: Environment = process.env): string {
  const text = required(name, meaning, env);
  const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : null;
  if (scheme === null || !schemes.includes(scheme))
    throw new ConfigurationError(
      `${name} must be a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    );
  return text;
}
