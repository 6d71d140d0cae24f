/** Where a target's namespace is: the file to enter it by. */
import type { Helper } from '@netverdict/collect';
import type { CollectTarget } from '@netverdict/contracts';
import type { Pods } from '../domain/pods.ts';

export interface Places {
  /** @throws with the reason when this node has no such namespace */
  pathOf(target: CollectTarget): Promise<string>;
}

const POD_AGE_MS = 1000;

export function placesOf(options: {
  readonly node: string;
  readonly hostNetns: string;
  readonly pods: Pods;
  readonly helper: Pick<Helper, 'find'>;
}): Places {
  const { node, hostNetns, pods, helper } = options;
  return {
    async pathOf(target) {
      switch (target.kind) {
        case 'host':
          return hostNetns;
        case 'pod': {
          const { namespace, name } = target;
          const pod = (await pods.list(POD_AGE_MS)).find((p) => p.namespace === namespace && p.name === name);
          if (pod === undefined) throw new Error(`no running pod ${namespace}/${name} on node ${node}`);
          return pod.path ?? hostNetns;
        }
        case 'netns': {
          const { inode } = target;
          const pod = (await pods.list(POD_AGE_MS).catch(() => [])).find((p) => p.inode === inode);
          const path = pod?.path ?? (await helper.find(inode));
          if (path === null) throw new Error(`no network namespace with inode ${inode} on node ${node}`);
          return path;
        }
      }
    },
  };
}
