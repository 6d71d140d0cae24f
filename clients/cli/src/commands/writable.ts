/** Whether what an option names can be written: asked before minutes of work, whose result would be lost. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../exit-codes.ts';

/** Makes the folder where it is new. Its last part alone: Node's recursive mkdir never comes back from /proc. */
export function folderToWrite(option: string, folder: string): void {
  const right = 'write a folder that can be written to, or a new one in a folder that is there';
  try {
    if (!isThere(folder)) mkdirSync(folder);
    tryFolder(folder);
  } catch (error) {
    throw new UsageError(`${option} ${folder}: ${reasonOf(error)}; ${right}`);
  }
}

/** The file need not be there, its folder must. */
export function fileToWrite(option: string, file: string): void {
  const right = 'write a file that can be written to, in a folder that is there';
  try {
    if (isThere(file)) closeSync(openSync(file, 'a'));
    else tryFolder(dirname(file));
  } catch (error) {
    throw new UsageError(`${option} ${file}: ${reasonOf(error)}; ${right}`);
  }
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Its mode says nothing to root, and nothing of a file system like /proc: something has to be made there. */
function tryFolder(folder: string): void {
  rmdirSync(mkdtempSync(join(folder, '.netverdict-')));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing can be made there',
  ENOTDIR: 'a part of it is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'it must not be written to',
  EPERM: 'it must not be written to',
  EROFS: 'it must only be read',
};
const reasonOf = (error: unknown): string => {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
};
