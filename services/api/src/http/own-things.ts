/** Batches and schedules belong to the token that made them: a scoped token sees its own only, as if there were no others. */
import type { DiagnosisBatchRequested, ScheduleRequested } from '@netverdict/contracts';
import type { Store } from '@netverdict/store';
import type { FastifyRequest } from 'fastify';
import { unknownBatch } from '../domain/batches/batches.ts';
import { unknownSchedule } from '../domain/schedules/schedules.ts';
import type { Caller } from './auth.ts';
import { refuseCluster, refuseQuestion, type Scope } from './authority.ts';

const scoped = ({ clusters, namespaces }: Scope): boolean => clusters !== null || namespaces !== null;

/** The condition of a list. */
export const tokenOfScoped = ({ scope, tokenId }: Pick<Caller, 'scope' | 'tokenId'>): { tokenId?: string } =>
  scoped(scope) ? { tokenId } : {};

const OWN = /^\/api\/v1\/(diagnosis-batches|schedules)(\/:id(\/[a-z]+)?)?$/;

/**
 * @returns why a request of a scoped token is refused; null: it may; undefined: it is of something else.
 * @throws ProblemError 404 where the thing is another token's
 */
export async function refuseOwn(
  request: FastifyRequest,
  { scope, tokenId }: Caller,
  { batches, schedules }: Pick<Store, 'batches' | 'schedules'>,
  defaultCluster: string,
): Promise<string | null | undefined> {
  const [matched, what, ofOne] = OWN.exec(request.routeOptions.url ?? '') ?? [];
  if (matched === undefined) return undefined;
  if (ofOne !== undefined) {
    const { id } = request.params as { id: string };
    const row = what === 'schedules' ? await schedules.get(id) : await batches.get(id);
    if (row !== null && row.token_id !== tokenId) throw what === 'schedules' ? unknownSchedule(id) : unknownBatch(id);
    return null;
  }
  if (request.method !== 'POST') return null;
  const asked = request.body as DiagnosisBatchRequested | ScheduleRequested;
  const cluster = refuseCluster(scope, asked.cluster ?? defaultCluster);
  if (cluster !== null) return cluster;
  if ('request' in asked) return refuseQuestion(scope, asked.request);
  for (const [i, flow] of asked.flows.entries()) {
    const refusal = refuseQuestion(scope, flow);
    if (refusal !== null) return `/flows/${i}: ${refusal}`;
  }
  return null;
}
