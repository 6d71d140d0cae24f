/**
 * Accepting a diagnosis: the row is written first (it is the outbox), then the request is published. If publishing
 * fails or we die in between, the sweeper publishes.
 */
import { createHash } from 'node:crypto';
import type { DiagnosisRequest } from '@netverdict/contracts';
import type { Accepted, AgentQueries, DiagnosisQueries } from '@netverdict/store';
import { context, propagation } from '@opentelemetry/api';
import { v7 as uuidv7 } from 'uuid';
import { ProblemError } from '../http/problems.ts';
import type { PublishRequested } from '../publish/diagnosis-requested.ts';
import { nameOf } from './check-request.ts';

export interface AcceptOptions {
  readonly tokenId: string;
  readonly idempotencyKey: string | null;
  readonly rerunOf: string | null;
  /** Of who asks; null: all. */
  readonly visibleNamespaces: readonly string[] | null;
  readonly namesGiven: boolean;
}

export interface Acceptance {
  /**
   * @param id used unless the idempotency key is known.
   * @throws ProblemError 422 when the key was another request's, or nobody knows the cluster
   */
  accept(id: string, request: DiagnosisRequest, options: AcceptOptions): Promise<Accepted>;
}

export interface AcceptanceSettings {
  readonly defaultCluster: string;
  readonly deadlineMs: number;
  /** Without a sign of life for this long, the sweeper publishes again. */
  readonly republishMs: number;
}

/** UUIDv7: ids grow with time, which pages lists. */
export const newDiagnosisId = (): string => `dg_${uuidv7()}`;

/** Keys sorted, so that the order in which a client writes them does not matter. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`).join(',')}}`;
}

export const requestHash = (request: DiagnosisRequest): string =>
  createHash('sha256').update(canonical(request)).digest('hex');

function activeTraceparent(): string | null {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? null;
}

/** Nobody would answer for a cluster that does not exist: better said now than when the deadline has passed. */
export async function requireCluster(
  agents: Pick<AgentQueries, 'list'>,
  named: string | undefined,
  defaultCluster: string,
): Promise<void> {
  if (named === undefined || named === defaultCluster) return;
  const known = new Set([defaultCluster, ...(await agents.list({})).map((agent) => agent.cluster)]);
  if (!known.has(named))
    throw new ProblemError({
      type: 'unknown-cluster',
      status: 422,
      title: `There is no cluster ${named}`,
      detail: `No agent of a cluster "${named}" has ever reported. Known: ${[...known].sort().join(', ')}.`,
    });
}

export function createAcceptance(
  { diagnoses, agents }: { readonly diagnoses: DiagnosisQueries; readonly agents: AgentQueries },
  publish: PublishRequested,
  settings: AcceptanceSettings,
): Acceptance {
  return {
    async accept(id, request, options) {
      await requireCluster(agents, request.cluster, settings.defaultCluster);
      const hash = requestHash(request);
      const accepted = await diagnoses.accept({
        id,
        cluster: request.cluster ?? settings.defaultCluster,
        request,
        requestHash: hash,
        tokenId: options.tokenId,
        idempotencyKey: options.idempotencyKey,
        source: nameOf(request.source),
        destination: nameOf(request.destination),
        deadlineMs: settings.deadlineMs,
        republishMs: settings.republishMs,
        callbackUrl: request.callbackUrl ?? null,
        traceparent: activeTraceparent(),
        rerunOf: options.rerunOf,
        visibleNamespaces: options.visibleNamespaces,
        namesGiven: options.namesGiven,
      });
      if (!accepted.created && accepted.row.request_hash !== hash)
        throw new ProblemError({
          type: 'idempotency-key-reused',
          status: 422,
          title: 'This Idempotency-Key was used for another request',
          detail: `The key belongs to diagnosis ${accepted.row.id}, whose request was different. Use a new key.`,
        });
      // Not awaited: the row is enough, and the client does not wait for the bus.
      if (accepted.created) void publish(accepted.row);
      return accepted;
    },
  };
}
