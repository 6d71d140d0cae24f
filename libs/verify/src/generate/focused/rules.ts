/** Rules of iptables for single packets: collected chain by chain, printed as one file for each namespace and family. */
import type { FlowSpec } from '../../world/spec.ts';
import type { Draft, DraftNamespace } from '../draft.ts';
import type { Hook } from '../xtables/matches.ts';
import type { Focus } from './focused.ts';

/** Tables and chains of one family, filled rule by rule, printed at the end. */
type Tables = Map<string, Map<string, string[]>>;

const CHAINS: Readonly<Record<string, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

function append(tables: Tables, table: string, chain: string, ...rules: string[]): void {
  const chains = tables.get(table) ?? new Map<string, string[]>();
  tables.set(table, chains);
  chains.set(chain, [...(chains.get(chain) ?? []), ...rules]);
}

const print = (tables: Tables): string[] =>
  [...tables].flatMap(([table, chains]) => [
    `*${table}`,
    ...(CHAINS[table] ?? []).map((hook) => `:${hook} ACCEPT [0:0]`),
    ...[...chains.keys()]
      .filter((chain) => !(CHAINS[table] as string[]).includes(chain))
      .map((chain) => `:${chain} - [0:0]`),
    ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    'COMMIT',
  ]);

const PLACES: readonly (readonly [table: string, hook: Hook])[] = [
  ['raw', 'PREROUTING'],
  ['mangle', 'PREROUTING'],
  ['mangle', 'FORWARD'],
  ['mangle', 'INPUT'],
  ['mangle', 'POSTROUTING'],
  ['filter', 'FORWARD'],
  ['filter', 'INPUT'],
];

/** Where the router meets the packet. */
export const onTheWay = (focus: Focus, { destination }: FlowSpec): typeof PLACES =>
  PLACES.filter(([, hook]) => (destination === routerAddress(focus) ? !LEAVING.includes(hook) : hook !== 'INPUT'));
const LEAVING: readonly Hook[] = ['FORWARD', 'POSTROUTING'];

export const gate = ({ protocol, ports }: Focus): string =>
  `-p ${protocol} -m ${protocol} --sport ${ports.from}:${ports.to}`;

/** Rules of the router and of the sender, for each family. */
export class Rules {
  readonly #tables = new Map<DraftNamespace, Record<'ipv4' | 'ipv6', Tables>>();

  add(ns: DraftNamespace, family: 'ipv4' | 'ipv6', table: string, chain: string, ...rules: string[]): void {
    const both = this.#tables.get(ns) ?? {
      ipv4: new Map<string, Map<string, string[]>>(),
      ipv6: new Map<string, Map<string, string[]>>(),
    };
    this.#tables.set(ns, both);
    append(both[family], table, chain, ...rules);
  }

  load({ random }: Draft): void {
    for (const [ns, { ipv4, ipv6 }] of this.#tables) {
      random.pick([ns.iptablesLegacy, ns.iptablesNft]).push(...print(ipv4));
      random.pick([ns.ip6tablesLegacy, ns.ip6tablesNft]).push(...print(ipv6));
    }
  }
}

export const routerAddress = ({ family }: Focus): string => (family === 'ipv4' ? '10.2.0.254' : 'fd00:2::fe');

export const senderOf = (draft: Draft): DraftNamespace => {
  const sender = draft.namespaces.find((ns) => ns.name === 'a');
  if (!sender) throw new Error('a world without a sender');
  return sender;
};
