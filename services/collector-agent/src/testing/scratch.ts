/** Scratch network namespaces for the tests that need a kernel; removed even when a test fails. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';

export interface Scratch {
  readonly name: string;
  readonly path: string;
  /** Runs a tool in the namespace. @returns stdout */
  run(argv: readonly string[], input?: string): string;
  remove(): void;
}

export function scratchNamespace(role: string): Scratch {
  const name = `nvtest-${role}-${randomBytes(4).toString('hex')}`;
  execFileSync('ip', ['netns', 'add', name]);
  const lock = `/run/${name}.lock`;
  const run = (argv: readonly string[], input?: string): string =>
    execFileSync('ip', ['netns', 'exec', name, ...argv], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, XTABLES_LOCKFILE: lock },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
    });
  run(['ip', 'link', 'set', 'lo', 'up']);
  return {
    name,
    path: `/run/netns/${name}`,
    run,
    remove() {
      execFileSync('ip', ['netns', 'del', name]);
      rmSync(lock, { force: true });
    },
  };
}

/** Lines of `ip -batch`, in order of each family; a line that begins with -6 is IPv6's. */
export function batch(scratch: Scratch, lines: readonly string[]): void {
  const four = lines.filter((line) => !line.startsWith('-6 '));
  const six = lines.filter((line) => line.startsWith('-6 ')).map((line) => line.slice(3));
  scratch.run(['ip', '-batch', '-'], `${four.join('\n')}\n`);
  if (six.length > 0) scratch.run(['ip', '-6', '-batch', '-'], `${six.join('\n')}\n`);
}
