/** API tokens and the audit log as REST takes and shows them. */
import Type, { type Static } from 'typebox';
import { nullable, oneOf, ref } from './verdict-schemas.ts';

const Instant = Type.String({ format: 'date-time' });
const Label = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });
const scope = (description: string) => Type.Optional(Type.Array(Label, { minItems: 1, maxItems: 64, description }));

/** Each may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];
const RoleSchema = oneOf(...ROLES);

export const TokenRequested = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000]+$',
      description: 'whose it is, for the audit log',
    }),
    role: Type.Unsafe<Role>({
      ...RoleSchema,
      description:
        'viewer: reads. operator: asks, probes and captures too, and sees captures and webhooks. admin: also webhooks, tokens, what agents do, and the audit log',
    }),
    clusters: scope('may see only these clusters; all when absent'),
    namespaces: scope(
      'may see these namespaces, and ask where one end lies in them; in answers names, addresses and rules of others are redacted. All when absent',
    ),
    expiresInSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 31_622_400, description: '90 days when absent' }),
    ),
  },
  { additionalProperties: false },
);
export type TokenRequested = Static<typeof TokenRequested>;

export const TokenDocument = Type.Object(
  {
    id: Type.String({ description: '`tok_…`, which tells nobody the token' }),
    name: Type.String(),
    role: RoleSchema,
    clusters: nullable(Type.Array(Type.String())),
    namespaces: nullable(Type.Array(Type.String())),
    createdAt: Instant,
    createdBy: Type.String(),
    expiresAt: Instant,
    revokedAt: nullable(Instant),
    lastUsedAt: nullable(Type.String({ format: 'date-time', description: 'to the minute' })),
    token: Type.Optional(Type.String({ description: '`nvt_…`; shown once, where it was made' })),
  },
  { $id: 'Token' },
);
export type TokenDocument = Static<typeof TokenDocument>;

export const TokenList = Type.Object(
  { items: Type.Array(ref<TokenDocument>('Token')), nextCursor: nullable(Type.String()) },
  { $id: 'TokenList' },
);

export const AuditEntry = Type.Object(
  {
    at: Instant,
    tokenId: Type.String(),
    tokenName: nullable(Type.String()),
    method: Type.String(),
    path: Type.String(),
    status: nullable(Type.Integer({ description: 'null: the service died before it answered, or still works on it' })),
    created: nullable(Type.String({ description: 'path of what it made' })),
    remoteAddress: Type.String(),
    requestId: Type.String(),
  },
  { $id: 'AuditEntry' },
);
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditLog = Type.Object(
  { items: Type.Array(ref<AuditEntry>('AuditEntry')), nextCursor: nullable(Type.String()) },
  { $id: 'AuditLog' },
);
