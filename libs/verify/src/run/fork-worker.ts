/** Worker processes that end with their parent, whatever they are busy with: by the kernel's signal, since one that reckons hears of no disconnect. */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';

/** setpriv(1) sets PR_SET_PDEATHSIG and becomes the worker. Should the parent die before that, the worker's channel is closed when it looks. */
export function forkWorker(module: URL, args: readonly string[] = [], options: ForkOptions = {}): ChildProcess {
  const { execArgv = [], ...others } = options; // by default fork() hands its own on
  return fork(module, args, {
    ...others,
    execPath: 'setpriv',
    execArgv: ['--pdeathsig', 'KILL', '--', process.execPath, ...execArgv],
  });
}
