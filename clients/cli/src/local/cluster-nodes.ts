/** The names of a cluster's nodes, so that each agent can be given a key of its own. */

import { existsSync } from 'node:fs';
import { watchCluster } from '@netverdict/kube';
import { SystemError, UsageError } from '../exit-codes.ts';
import { whyUnreadable } from '../unreadable.ts';

/** @throws UsageError when there is no such file, SystemError when the API server does not answer in 15 s. */
export async function nodeNames(kubeconfig: string): Promise<string[]> {
  if (!existsSync(kubeconfig)) throw new UsageError(`there is no kubeconfig ${kubeconfig}`);
  const view = watchCluster(kubeconfig);
  try {
    await view.ready(15_000);
    return [...view.objects().nodes.keys()].sort();
  } catch (cause) {
    throw new SystemError(`the cluster of ${kubeconfig} can't be read: ${whyUnreadable(cause)}`, { cause });
  } finally {
    view.close();
  }
}
