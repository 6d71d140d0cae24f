/** What a world's parts are where nothing is said of them: files leave it out, tests and generators begin with it. */
import type { FlowSpec, NamespaceSpec, SocketSpec } from './spec.ts';

/** Every list of a namespace, to be added to. */
export type NamespaceLists = {
  -readonly [K in Exclude<keyof NamespaceSpec, 'name' | 'sockets'>]: string[];
} & { readonly sockets: SocketSpec[] };

export const bareNamespace = (): NamespaceLists => ({
  sysctls: [],
  links: [],
  ip: [],
  ip6: [],
  late: [],
  bridge: [],
  deviceSysctls: [],
  ipset: [],
  iptablesLegacy: [],
  ip6tablesLegacy: [],
  iptablesNft: [],
  ip6tablesNft: [],
  nftFirst: [],
  nft: [],
  sockets: [],
});

export const BARE_NAMESPACE: Omit<NamespaceSpec, 'name'> = bareNamespace();

export const PLAIN_FLOW = {
  source: null,
  dport: 0,
  sizeBytes: null,
  dontFragment: false,
  tos: 0,
  mark: 0,
  ttl: 64,
  uid: 0,
  device: null,
  tcpFlags: null,
  repeat: 1,
  continues: null,
} as const satisfies Partial<FlowSpec>;
