export type { KubeObject } from '../api-server/object.ts';
export * from './input.ts';
export * from './write-rules.ts';
