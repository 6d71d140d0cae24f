/** A namespace with one table of nftables that has one base chain. */
import type { NetnsState, NftChain, NftExpr, NftFamily } from '@netverdict/linux-net';
import { known } from './cluster.ts';

export interface NativeChain extends NonNullable<NftChain['base']> {
  readonly family: NftFamily;
  readonly rules: readonly (readonly NftExpr[])[];
}
export const DROP: NftExpr = { kind: 'verdict', verdict: { code: 'drop' } };
export const UNREAD: NftExpr = { kind: 'unsupported', name: 'odd', text: '' };

export const nativeChain = (more: Partial<NativeChain>): ((s: NetnsState) => NetnsState) => {
  const { family = 'inet', rules = [[UNREAD]], ...base } = more;
  const evidence = { line: 1, text: '' };
  const chain: NftChain = {
    name: 'c',
    handle: 1,
    base: { type: 'filter', hook: 'forward', priority: 0, policy: 'accept', devices: [], ...base },
    rules: rules.map((expressions, i) => ({ handle: i + 2, position: i + 1, expressions, comment: null, evidence })),
    evidence,
  };
  const table = { family, name: 't', dormant: false, chains: [chain], sets: [], objects: [] };
  return (s) => ({ ...s, nftables: known({ tables: [table] }) });
};
