/** One command line run in this process, with what it says, without its colours: whether it has any was decided when it was loaded. */
import { stripVTControlCharacters } from 'node:util';
import { vi } from 'vitest';
import { run } from '../run.ts';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param env for this command only; undefined: not set */
export async function runCaptured(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Ended> {
  const before = { ...process.env };
  const said = { out: '', err: '' };
  const into = (stream: keyof typeof said) => (text: string | Uint8Array) => {
    said[stream] += text.toString();
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(into('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(into('err')),
  ];
  try {
    for (const [name, value] of Object.entries(env))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    const code = await run(args);
    return { code, out: stripVTControlCharacters(said.out), err: stripVTControlCharacters(said.err) };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const name of Object.keys(env))
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  }
}
