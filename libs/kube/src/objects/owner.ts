/** Who made a pod: the controller by ownerReferences, and the workload above it that its name tells. */

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller: boolean;
}

export interface Owner {
  /** What a user calls the workload: `Deployment`, `StatefulSet`, `DaemonSet`, `CronJob`… */
  readonly kind: string;
  readonly name: string;
  /** The controller itself: `ReplicaSet web-6f9c` for Deployment `web`. Equal to the above where nothing is between. */
  readonly via: { readonly kind: string; readonly name: string };
}

/**
 * Reads the Deployment off its ReplicaSet's name (`<deployment>-<pod-template-hash>`, the hash being the pod's label
 * too) and the CronJob off its Job's (`<cronjob>-<scheduled minute>`). So no ReplicaSets or Jobs need watching.
 */
export function resolveOwner(references: readonly OwnerReference[], labels: ReadonlyMap<string, string>): Owner | null {
  const direct = references.find((r) => r.controller) ?? references[0];
  if (direct === undefined) return null;
  const via = { kind: direct.kind, name: direct.name };
  if (direct.kind === 'ReplicaSet') {
    const hash = labels.get('pod-template-hash');
    if (hash !== undefined && direct.name.endsWith(`-${hash}`))
      return { kind: 'Deployment', name: direct.name.slice(0, -hash.length - 1), via };
  }
  if (direct.kind === 'Job') {
    // The controller appends the scheduled time in minutes since the epoch: eight digits until 2160.
    const scheduled = /^(.+)-\d{8}$/.exec(direct.name);
    if (scheduled?.[1] !== undefined) return { kind: 'CronJob', name: scheduled[1], via };
  }
  return { ...via, via };
}
