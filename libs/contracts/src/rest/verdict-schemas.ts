/**
 * JSON Schemas of what the pure libs own (findings, traces, flows), for the OpenAPI document and its readers.
 * Their TypeScript types stay those of the owners; `$id` names become `#/components/schemas/<id>`.
 */
import { DISPOSITIONS, type Redaction } from '@netverdict/verdict';
import Type, { type TSchema } from 'typebox';

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const oneOf = <T extends string>(...values: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values] });
/** `Name#`, which the OpenAPI writer turns into a reference to the component. */
export const ref = <T>(id: string) => Type.Unsafe<T>({ $ref: `${id}#` });

export const TextSchema = Type.Object(
  { en: Type.String(), zh: Type.String() },
  { $id: 'Text', description: 'English and Chinese' },
);

/** Of a scoped token's answers. */
export const redacted = () =>
  Type.Optional(
    Type.Unsafe<Redaction>({
      ...oneOf<Redaction>('other-namespace', 'parts'),
      description:
        'other-namespace: it lies in a namespace that the token may not see, so that only its kind and what it does are shown. parts: names of others are left out',
    }),
  );

export const EvidenceSchema = Type.Object(
  {
    section: nullable(Type.String({ description: 'digest of the section; null: an object of the cluster' })),
    kind: Type.String({ examples: ['iptables-save', 'ip-route', 'Service'] }),
    line: nullable(Type.Integer({ minimum: 1 })),
    text: Type.String({ description: 'the raw line' }),
    at: Type.Optional(nullable(Type.String({ format: 'date-time', description: 'when it was read' }))),
  },
  { $id: 'Evidence', description: 'A raw line that decided something' },
);

export const RemedySchema = Type.Object(
  {
    command: nullable(Type.String({ description: 'null where an object has to change or nothing is safe' })),
    on: nullable(Type.String({ description: 'node, or namespace/pod, where the command is run' })),
    en: Type.String(),
    zh: Type.String(),
    proven: Type.Boolean({ description: 'the changed snapshot was simulated and this blocker is gone' }),
  },
  { $id: 'Remedy' },
);

export const FindingSchema = Type.Object(
  {
    code: Type.String({ pattern: '^NV-', examples: ['NV-FILTER-DROP'] }),
    severity: oneOf('blocking', 'degrading', 'suspicious', 'info'),
    hop: Type.String({ examples: ['node-2/host'] }),
    node: nullable(Type.String()),
    direction: oneOf('forward', 'reply'),
    branches: Type.Array(Type.String(), { description: 'ids of the branches that it decides' }),
    params: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    evidence: Type.Array(ref('Evidence')),
    remedy: nullable(ref('Remedy')),
    redacted: redacted(),
  },
  { $id: 'Finding', description: 'What is wrong, where, by which evidence, and how to mend it' },
);

export const StepSchema = Type.Object(
  {
    kind: Type.String({ examples: ['rule', 'route', 'nat'] }),
    text: Type.String({ examples: ['filter FORWARD: rule 3 → DROP'] }),
    action: oneOf('pass', 'change', 'stop', 'branch', 'unknown'),
    detail: Type.Record(Type.String(), Type.Unknown()),
    evidence: Type.Optional(Type.Array(ref('Evidence'))),
    packet: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'the packet after the step' })),
    steps: Type.Optional(Type.Array(ref('Step'))),
  },
  { $id: 'Step' },
);

export const HopSchema = Type.Object(
  {
    place: Type.String({ examples: ['node-2/host', 'wire'] }),
    node: nullable(Type.String()),
    kind: oneOf('host', 'pod', 'other', 'wire', 'outside'),
    direction: oneOf('forward', 'reply'),
    steps: Type.Array(ref('Step')),
    redacted: redacted(),
  },
  { $id: 'Hop', description: 'One network namespace, or one piece of infrastructure' },
);

export const BranchSchema = Type.Object(
  {
    id: Type.String(),
    share: nullable(Type.Number({ minimum: 0, maximum: 1 })),
    disposition: oneOf(...Object.keys(DISPOSITIONS)),
    ended: oneOf('forward', 'reply'),
    choices: Type.Array(
      Type.Object({
        what: oneOf('backend', 'nexthop', 'unknown', 'rule'),
        label: Type.String(),
        share: nullable(Type.Number()),
      }),
    ),
    hops: Type.Array(ref('Hop')),
  },
  { $id: 'Branch', description: 'One fate of the packet' },
);

export const TraceSchema = Type.Object({ branches: Type.Array(ref('Branch')) }, { $id: 'Trace' });

export const VerdictSchema = Type.Object(
  {
    outcome: oneOf('reachable', 'unreachable', 'partially-reachable', 'undetermined'),
    share: Type.Object(
      { reachable: Type.Number(), unreachable: Type.Number(), undetermined: Type.Number() },
      { description: 'share of new connections, 0…1' },
    ),
    summary: ref('Text'),
    largestSizeBytes: Type.Optional(
      Type.Integer({
        description: 'the largest IP packet with "do not fragment" that gets there; only where the flow does',
      }),
    ),
  },
  { $id: 'Verdict' },
);
