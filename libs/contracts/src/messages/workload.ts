/** What owns a pod: the object that a person would name. */
import Type, { type Static } from 'typebox';

export const WorkloadRef = Type.Object({
  /** Deployment, StatefulSet, DaemonSet, Job, …; Pod: nothing owns it; Node: a static pod. */
  kind: Type.String(),
  namespace: Type.String(),
  name: Type.String(),
});
export type WorkloadRef = Static<typeof WorkloadRef>;
