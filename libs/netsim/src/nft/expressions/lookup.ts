/** net/netfilter/nft_lookup.c, nft_objref.c, nft_dynset.c: what asks sets and maps, and what adds to them. */

import type { Hex, NftElement, NftExpr } from '@netverdict/linux-net';
import type { NFT_SETS } from '../../walk/features/nftables.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown } from '../registers.ts';
import { type CompiledSet, candidates, find } from '../set.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

/** What rules of this run have added to (or, null, taken from) a set. */
const memoryOf = (e: Evaluation, set: CompiledSet): Map<Hex, NftElement | null> => {
  const { walk, ns } = e.context;
  const key = `${ns.key} ${e.table.family} ${e.table.name} ${set.set.name}`;
  let memory = walk.nftElements.get(key);
  if (!memory) {
    memory = new Map();
    walk.nftElements.set(key, memory);
  }
  return memory;
};

function findElement(e: Evaluation, set: CompiledSet, key: Hex): NftElement | null {
  if (set.set.dynamic) {
    const added = memoryOf(e, set).get(key);
    if (added !== undefined) return added ?? set.catchAll;
  }
  if (!e.context.walk.indexes && (set.shape === 'hash' || set.shape === 'concatenation'))
    return set.set.elements.find((element) => element.key === key) ?? set.catchAll;
  return find(set, key);
}

export function lookup(x: Of<'lookup'>, e: Evaluation): Outcome {
  const set = e.table.sets.get(x.set);
  if (!set) return e.unknownEffect(`set ${x.set}, which was not read`);
  const key = e.registers.load(x.sreg, set.set.keyBytes);
  const element = isKnown(key) ? findElement(e, set, key) : guess(x, e, set, key);
  const found = e.context.walk.sees(
    `nft-set/${element !== null && element === set.catchAll ? 'catch-all' : shapeOf(set)}`,
    element !== null,
  );
  if (found === x.invert) return 'break';
  if (element === null) return 'next';
  if (x.dreg !== null && element.data?.kind === 'value') e.registers.store(x.dreg, element.data.value);
  const own = updateExpressions(element.expressions, e);
  if (own !== 'next') return own;
  return x.verdict && element.data?.kind === 'verdict' ? { does: 'verdict', verdict: element.data.verdict } : 'next';
}

const shapeOf = ({ set, shape }: CompiledSet): keyof typeof NFT_SETS =>
  set.map === 'none' ? shape : `${shape}-${set.map}-map`;

/** Of a key with unknown bytes: each element that it may be is a way of its own. */
function guess(x: Of<'lookup'>, e: Evaluation, set: CompiledSet, key: Hex): NftElement | null {
  const options = candidates(set, key);
  if (options.length < 2) return options[0] ?? null;
  const what = e.unreadText();
  const test = x.dreg === null && !x.verdict;
  if (test) {
    const hit = options.find((o) => o !== null) ?? null;
    if (!options.includes(null)) return hit;
    return (e.uncertain(what) === 'next') !== x.invert ? hit : null;
  }
  const labels = options.map((o) => ({
    label: o === null ? `no element of ${x.set}` : `element ${o.key} of ${x.set}`,
    share: null,
  }));
  return options[e.pick(labels, what)] ?? null;
}

/** nft_set_elem_update_expr: limits and the like that stand on the element. */
function updateExpressions(expressions: readonly NftExpr[], e: Evaluation): Outcome {
  for (const expression of expressions) {
    if (expression.kind === 'counter' || expression.kind === 'last') continue;
    if (e.uncertain(`${expression.kind} of an element of a set`) === 'break') return 'break';
  }
  return 'next';
}

/** An element that is there counts as added; a set that is full takes no other. */
export function dynset(x: Of<'dynset'>, e: Evaluation): Outcome {
  const set = e.table.sets.get(x.set);
  if (!set) return e.unknownEffect(`set ${x.set}, which was not read`);
  const key = e.registers.load(x.sregKey, set.set.keyBytes);
  if (!isKnown(key)) return e.unknownEffect(`what it does to set ${x.set} depends on ${e.unreadText()}`);
  const memory = memoryOf(e, set);
  if (x.op === 'delete') {
    // nft_dynset_eval: the rule goes on, whether or not there was one to take away.
    memory.set(key, null);
    return 'next';
  }
  const before = findElement(e, set, key);
  if (before === null) {
    const data =
      x.sregData === null ? null : { kind: 'value' as const, value: e.registers.load(x.sregData, set.set.dataBytes) };
    memory.set(key, {
      key,
      keyEnd: null,
      intervalEnd: false,
      data,
      timeoutMs: x.timeoutMs,
      expiresMs: x.timeoutMs,
      expressions: x.expressions,
    });
  }
  const own = updateExpressions(before?.expressions ?? x.expressions, e);
  if (own !== 'next') return own;
  return x.invert ? 'break' : 'next';
}
