/** Diagnoses that are begun by us, not by a request: flows of batches and runs of schedules. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import type { NewDiagnosis } from '@netverdict/store';
import { namespacesOf } from '../http/authority.ts';
import { newDiagnosisId, requestHash } from './accept.ts';

export interface BackgroundSettings {
  /** So many of them are open at once, over all replicas. */
  readonly open: number;
  readonly deadlineMs: number;
  readonly republishMs: number;
}

/** Whose it is. */
export interface Asker {
  readonly tokenId: string;
  /** null: all. */
  readonly visibleNamespaces: readonly string[] | null;
  readonly idempotencyKey: string | null;
}

interface Asked {
  readonly token_id: string;
  readonly visible_namespaces: readonly string[] | null;
  readonly cluster: string;
  readonly request: DiagnosisRequest;
  readonly source: string;
  readonly destination: string;
}

/** Its deadline counts from now. */
export const backgroundDiagnosis = (
  asked: Asked,
  of: { readonly batchId: string } | { readonly scheduleId: string },
  { deadlineMs, republishMs }: BackgroundSettings,
): NewDiagnosis => ({
  id: newDiagnosisId(),
  cluster: asked.cluster,
  request: asked.request,
  requestHash: requestHash(asked.request),
  tokenId: asked.token_id,
  idempotencyKey: null,
  source: asked.source,
  destination: asked.destination,
  deadlineMs,
  republishMs,
  callbackUrl: null,
  traceparent: null,
  rerunOf: null,
  visibleNamespaces: asked.visible_namespaces,
  namesGiven: true,
  ...of,
});

/** Of all ends that lie in one, each once. */
export const namespacesNamed = (requests: readonly Pick<DiagnosisRequest, 'source' | 'destination'>[]): string[] => [
  ...new Set(requests.flatMap((request) => namespacesOf(request)).filter((name) => name !== null)),
];
