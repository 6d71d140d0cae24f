/** The lab's C programs: built with make when they are older than their source. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.ts';

const NATIVE_DIR = fileURLToPath(new URL('../native/', import.meta.url));

export const nativeProgram = (name: 'echo' | 'probe'): string => join(NATIVE_DIR, 'build', name);

/** Locked, so that labs that start side by side do not build into each other's files. @throws LabError without a C compiler. */
export async function buildNative(): Promise<void> {
  await run(['flock', NATIVE_DIR, 'make', '-s', '-C', NATIVE_DIR], { timeoutMs: 120_000 });
}
