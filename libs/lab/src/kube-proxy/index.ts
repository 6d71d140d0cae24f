export type { KubeObject } from '../api-server/object.ts';
export * from './input.ts';
export { writeKubeProxyNftables } from './nftables/write-rules.ts';
export { kubeProxySysctls, writeKubeProxyRules } from './write-rules.ts';
