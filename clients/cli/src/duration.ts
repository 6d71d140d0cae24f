/** `30s`, `500ms`, `5m`, `1h`, and sizes such as `64MiB`, as people write them on a command line. */
import { UsageError } from './exit-codes.ts';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const SIZES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** In milliseconds. @throws UsageError */
export function duration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = match?.[2] as keyof typeof UNITS | undefined;
  if (match === null || unit === undefined) throw new UsageError(`${option} ${text}: write 500ms, 30s, 5m or 1h`);
  return Math.round(Number(match[1]) * UNITS[unit]);
}

/** In bytes. @throws UsageError */
export function size(option: string, text: string): number {
  const match = /^(\d+)(B|KiB|MiB|GiB)?$/.exec(text);
  if (match === null) throw new UsageError(`${option} ${text}: write 100000, 512KiB or 64MiB`);
  return Number(match[1]) * SIZES[(match[2] ?? 'B') as keyof typeof SIZES];
}

/** @throws UsageError */
export function whole(option: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most)
    throw new UsageError(
      `${option} ${text}: write a whole number, ${most === Number.MAX_SAFE_INTEGER ? 'from 1' : `1 to ${most}`}`,
    );
  return number;
}
