/** The prober: built with make when it is older than its source. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const NATIVE_DIR = fileURLToPath(new URL('../../native/', import.meta.url));

/** Locked, so that workers that start side by side do not build into each other's files. @returns its path */
export async function buildProber(): Promise<string> {
  await promisify(execFile)('flock', [NATIVE_DIR, 'make', '-s', '-C', NATIVE_DIR], { timeout: 120_000 });
  return join(NATIVE_DIR, 'build', 'prober');
}
