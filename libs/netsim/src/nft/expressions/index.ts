/** Every kind of expression and its evaluator. A kind without one does not compile. */
import type { NftExpr, NftObject } from '@netverdict/linux-net';
import type { Feature } from '../../walk/features/index.ts';
import type { ExpressionEvaluator } from '../compile.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown } from '../registers.ts';
import { find } from '../set.ts';
import { hash, numgen } from './chance.ts';
import { bitwise, byteorder, cmp, immediate, range } from './compare.ts';
import { ct, ctSet, notrack } from './ct.ts';
import { changeOption, exthdr } from './exthdr.ts';
import { dynset, lookup } from './lookup.ts';
import { meta, metaSet } from './meta.ts';
import { payload, payloadSet } from './payload.ts';
import { connlimit, limit, quota } from './rates.ts';
import { reject } from './reject.ts';
import * as rest from './rest.ts';
import { fib, rt } from './routing.ts';
import { socket } from './socket.ts';
import { masq, nat, tproxy } from './translate.ts';

type Evaluators = {
  readonly [K in NftExpr['kind']]: (expression: Extract<NftExpr, { kind: K }>, e: Evaluation) => Outcome;
};

export const EXPRESSIONS: Evaluators = {
  payload,
  'payload-set': payloadSet,
  meta,
  'meta-set': metaSet,
  ct,
  'ct-set': ctSet,
  cmp,
  range,
  bitwise,
  immediate,
  verdict: rest.verdict,
  lookup,
  dynset,
  fib,
  rt,
  socket,
  numgen,
  hash,
  exthdr,
  'exthdr-set': changeOption,
  'exthdr-strip': changeOption,
  byteorder,
  counter: rest.goesOn,
  log: rest.goesOn,
  last: rest.goesOn,
  limit,
  quota,
  connlimit,
  reject,
  nat,
  masq,
  redir: masq,
  tproxy,
  notrack,
  queue: rest.queue,
  dup: rest.forwardDevice,
  fwd: rest.forwardDevice,
  'flow-offload': rest.flowOffload,
  synproxy: rest.synproxy,
  objref,
  xt: rest.xt,
  unsupported: rest.unsupported,
};

/** How an observer sees a kind: its answer can be turned round, what it loads can be, or it can be left out. */
type Role = 'tests' | 'loads' | 'acts' | 'none';
export const ROLES: { readonly [K in NftExpr['kind']]: Role } = {
  payload: 'loads',
  'payload-set': 'acts',
  meta: 'loads',
  'meta-set': 'acts',
  ct: 'loads',
  'ct-set': 'acts',
  cmp: 'tests',
  range: 'tests',
  bitwise: 'loads',
  immediate: 'loads',
  verdict: 'acts',
  lookup: 'tests',
  dynset: 'acts',
  fib: 'loads',
  rt: 'loads',
  socket: 'tests',
  numgen: 'loads',
  hash: 'loads',
  exthdr: 'tests',
  'exthdr-set': 'none',
  'exthdr-strip': 'none',
  byteorder: 'loads',
  counter: 'none',
  log: 'none',
  last: 'none',
  limit: 'tests',
  quota: 'tests',
  connlimit: 'tests',
  reject: 'acts',
  nat: 'acts',
  masq: 'acts',
  redir: 'acts',
  tproxy: 'acts',
  notrack: 'acts',
  queue: 'acts',
  dup: 'none',
  fwd: 'acts',
  'flow-offload': 'none',
  synproxy: 'acts',
  objref: 'none',
  xt: 'none',
  unsupported: 'none',
};

const FEATURES = Object.fromEntries(Object.keys(ROLES).map((kind) => [kind, `nft-expression/${kind}`])) as {
  readonly [K in NftExpr['kind']]: Feature;
};

export const evaluatorOf = ({ kind }: NftExpr): ExpressionEvaluator => EXPRESSIONS[kind] as ExpressionEvaluator;

export function evaluate(expression: NftExpr, e: Evaluation): Outcome {
  const evaluator = EXPRESSIONS[expression.kind] as (expression: NftExpr, e: Evaluation) => Outcome;
  const { walk } = e.context;
  return walk.lens === null ? evaluator(expression, e) : observed(expression, e, evaluator);
}

function observed(expression: NftExpr, e: Evaluation, evaluator: (x: NftExpr, e: Evaluation) => Outcome): Outcome {
  const { walk } = e.context;
  const feature = FEATURES[expression.kind];
  switch (ROLES[expression.kind]) {
    case 'none':
      return evaluator(expression, e);
    case 'acts':
      return walk.sees(feature, true) ? evaluator(expression, e) : 'next';
    case 'tests': {
      const outcome = evaluator(expression, e);
      const passes = outcome !== 'break';
      return walk.sees(feature, passes) === passes ? outcome : passes ? 'break' : 'next';
    }
    case 'loads': {
      const outcome = evaluator(expression, e);
      if (
        outcome === 'next' &&
        !walk.sees(feature, true) &&
        'dreg' in expression &&
        typeof expression.dreg === 'number'
      )
        e.registers.store(expression.dreg, turned(e.registers.load(expression.dreg, 16)));
      return outcome;
    }
  }
}

/** Every bit the other way round. */
const turned = (data: string): string =>
  [...data].map((c) => (c === '?' ? c : (15 - Number.parseInt(c, 16)).toString(16))).join('');

/** net/netfilter/nft_objref.c: an object by its name, or by a map's data. */
function objref(x: Extract<NftExpr, { kind: 'objref' }>, e: Evaluation): Outcome {
  const name = x.set === null ? x.name : objectName(x, e);
  if (name === undefined) return e.uncertain(e.unreadText());
  if (name === null) return 'break';
  const object: NftObject | undefined =
    e.table.objects.get(`${x.type} ${name}`) ??
    [...e.table.objects.values()].find((candidate) => candidate.name === name);
  const effect = rest.objectEffect(object?.type ?? x.type);
  if (effect === 'nothing') return 'next';
  if (object?.does) return evaluate(object.does, e);
  return effect === 'rate' ? e.uncertain(`the named object ${name}`) : e.unknownEffect(`the named object ${name}`);
}

/** null: the map does not have the key; undefined: that cannot be told. */
function objectName(x: Extract<NftExpr, { kind: 'objref' }>, e: Evaluation): string | null | undefined {
  const set = x.set === null ? undefined : e.table.sets.get(x.set);
  if (!set || x.sreg === null) return undefined;
  const key = e.registers.load(x.sreg, set.set.keyBytes);
  if (!isKnown(key)) return undefined;
  const data = find(set, key)?.data;
  return data?.kind === 'object' ? data.name : null;
}
