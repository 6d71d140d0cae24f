/** What became of everything that was seen. Each number is counted where it happens; `held` and `inFlight` are what is left when they are set against each other. */
import Type, { type Static } from 'typebox';
import { nullable, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });
const count = (description: string) => Type.Integer({ description });

export const KernelAccount = Type.Object(
  {
    seen: count(
      'events that the probes saw = filtered + sampledAway + lostKernel + elsewhere + lostSidecar + reported + held',
    ),
    filtered: count('not asked for'),
    sampledAway: count('left out, by chance and with the factor told'),
    lostKernel: count('no room in the tables of the kernel'),
    elsewhere: count("in a namespace that is not this node's (several nodes on one kernel)"),
    lostSidecar: count('counted in the kernel, and lost before the agent could tell them'),
    reported: count('told by the agent'),
    missed: count('the kernel did not run the program: not in `seen`'),
    held: count(
      'in the tables of the kernel when the agent told last; far from 0 for long: something is not accounted for',
    ),
  },
  { $id: 'KernelAccount' },
);
export type KernelAccount = Static<typeof KernelAccount>;

export const PipelineAccount = Type.Object(
  {
    reported: count(
      "anomalies in the agent's batches, of probes and of counters = stored + lostSpool + lostBus + deadLetter + inFlight",
    ),
    stored: count('in stored events'),
    lostSpool: count("thrown away by the agent's full spool, or gone with the agent"),
    lostBus: count('in batches that never came'),
    deadLetter: count('in batches that cannot be stored'),
    inFlight: count('on their way when the agent told last; far from 0 for long: something is not accounted for'),
    duplicate: count('came again and were not stored again: in no sum'),
    batches: count('batches stored'),
    rows: count('events stored'),
  },
  { $id: 'PipelineAccount' },
);
export type PipelineAccount = Static<typeof PipelineAccount>;

export const AccountingDocument = Type.Object(
  {
    cluster: Type.String(),
    node: Type.String(),
    minute: nullable(Type.String({ format: 'date-time', description: 'null: of the whole time' })),
    balanced: Type.Boolean({ description: 'nothing is held and nothing in flight: the sums hold' }),
    kernel: ref<KernelAccount>('KernelAccount'),
    pipeline: ref<PipelineAccount>('PipelineAccount'),
    probes: Type.Array(Type.Object({ probe: Type.String(), account: ref<KernelAccount>('KernelAccount') })),
  },
  { $id: 'Accounting' },
);
export type AccountingDocument = Static<typeof AccountingDocument>;

export const AccountingList = Type.Object(
  {
    since: Instant,
    until: Instant,
    items: Type.Array(ref<AccountingDocument>('Accounting')),
    nextCursor: nullable(Type.String()),
  },
  { $id: 'AccountingList' },
);
export type AccountingList = Static<typeof AccountingList>;
