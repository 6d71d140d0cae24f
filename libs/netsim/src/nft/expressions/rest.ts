/** What only counts, copies or logs, and what is not modelled. */
import type { NftExpr } from '@netverdict/linux-net';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

export const goesOn = (): Outcome => 'next';

export const verdict = (x: Of<'verdict'>): Outcome => ({ does: 'verdict', verdict: x.verdict });

/** Nobody may listen: then the packet is lost, unless the rule says bypass. Who listens, and what it answers, is not known. */
export function queue(x: Of<'queue'>, e: Evaluation): Outcome {
  const what = `what a program makes of packets from queue ${x.from}`;
  return e.ask(`queue ${x.from} of ${e.place()} accepts the packet`, what)
    ? { does: 'verdict', verdict: { code: 'accept' } }
    : { does: 'open', what };
}

/** nft_flow_offload_eval ends the rule for all but established connections, and what it offloads reaches the same end. */
export const flowOffload = (_x: Of<'flow-offload'>, e: Evaluation): Outcome =>
  e.packet.ct?.info === 'established' ? e.uncertain('whether the connection is offloaded') : 'break';

/** The handshake is answered here, in the receiver's stead. */
export const synproxy = (_x: Of<'synproxy'>, e: Evaluation): Outcome =>
  e.packet.protocol === 6 ? e.unknownEffect('SYNPROXY, which answers the handshake itself') : 'break';

export const forwardDevice = (x: Of<'dup' | 'fwd'>, e: Evaluation): Outcome =>
  x.kind === 'dup' ? 'next' : e.unknownEffect('fwd, which sends the packet out of another device');

export const xt = (x: Of<'xt'>, e: Evaluation): Outcome =>
  x.what === 'match' ? e.uncertain(`match ${x.name} of iptables`) : e.unknownEffect(`target ${x.name} of iptables`);

export const unsupported = (x: Of<'unsupported'>, e: Evaluation): Outcome =>
  e.unknownEffect(`expression ${x.name}, which is not modelled`);

const OBJECT = {
  counter: 1,
  quota: 2,
  helper: 3,
  limit: 4,
  connlimit: 5,
  tunnel: 6,
  timeout: 7,
  secmark: 8,
  expectation: 9,
  synproxy: 10,
} as const;

/** A named object does as the expression of its kind; those that only mark the connection for later are `observe`. */
export function objectEffect(type: number): 'rate' | 'nothing' | 'unknown' {
  switch (type) {
    case OBJECT.counter:
    case OBJECT.helper:
    case OBJECT.timeout:
    case OBJECT.secmark:
    case OBJECT.expectation:
      return 'nothing';
    case OBJECT.quota:
    case OBJECT.limit:
    case OBJECT.connlimit:
      return 'rate';
    default:
      return 'unknown';
  }
}
