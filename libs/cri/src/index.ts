/** Client of the Container Runtime Interface (CRI v1): containerd, CRI-O and cri-dockerd by one API. */
export { type CriClient, criClient, type SandboxFilter } from './client.ts';
export { knownEndpoints } from './endpoints.ts';
export { CriError } from './errors.ts';
export type * from './types.ts';
