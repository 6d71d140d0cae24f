/** Batches and schedules for who may not see every namespace: codes and outcomes stand, places and names of others do not. Pure. */
import type { Deciding, DiagnosisProblem, DiagnosisRequest } from '@netverdict/contracts';
import { REDACTED } from '@netverdict/verdict';
import { redactProblem } from './document.ts';
import { sightOf } from './sight.ts';
import { redactText } from './text.ts';

export interface BackgroundView {
  deciding(deciding: readonly Deciding[]): Deciding[];
  /** @param request the reader's own */
  message(request: DiagnosisRequest, text: string | null): string | null;
  problem(request: DiagnosisRequest, problem: DiagnosisProblem | null): DiagnosisProblem | null;
}

const EVERYTHING: BackgroundView = {
  deciding: (deciding) => [...deciding],
  message: (_, text) => text,
  problem: (_, problem) => problem,
};

/** @param namespaces null: all */
export function backgroundView(namespaces: readonly string[] | null): BackgroundView {
  if (namespaces === null) return EVERYTHING;
  const sightFor = (request: DiagnosisRequest) => sightOf(namespaces, { request, own: true });
  /** Nodes belong to nobody; a pod's place is `node/pod/namespace/name`. */
  const seen = (hop: string): boolean => {
    if (hop === 'wire' || hop === 'outside' || /^[^/]+\/host$/.test(hop)) return true;
    return namespaces.includes(/^[^/]+\/pod\/([^/]+)\/[^/]+$/.exec(hop)?.[1] ?? '');
  };
  return {
    deciding: (deciding) =>
      deciding.map(({ code, hop }) => ({ code, hop: hop === null || seen(hop) ? hop : REDACTED })),
    message: (request, text) => (text === null ? null : redactText(text, sightFor(request))),
    problem: (request, problem) => (problem === null ? null : redactProblem(problem, sightFor(request))),
  };
}
