/** Without Linux or root there is no lab: the demo says what it can't do and diagnoses a recorded bundle. */
import { join } from 'node:path';
import { repositoryRoot } from '../local/repository.ts';
import { print } from '../terminal/print.ts';
import { replayBundle } from './replay.ts';

/** null where the real demo can run. */
export function offlineReason(): string | null {
  if (process.platform !== 'linux')
    return `this is ${process.platform}, and the lab is made of Linux network namespaces`;
  if (process.getuid?.() !== 0) return 'network namespaces need root, and this is another user';
  return null;
}

export async function offlineDemo(reason: string, options: { readonly lang: string }): Promise<number> {
  print(`The lab can't run here: ${reason}.`);
  print('Instead, a bundle recorded on the lab is diagnosed: the same simulator on the same kernel state, offline.');
  print('');
  const bundle = join(repositoryRoot, 'libs/bundle/fixtures/node-forward-drop/bundle.json');
  replayBundle(bundle, { lang: options.lang });
  print('');
  print('On Linux, as root, `make demo` does this with real packets, and mends the fault.');
  return 0;
}
