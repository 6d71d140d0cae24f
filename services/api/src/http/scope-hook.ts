/** Holds scoped tokens to their clusters and namespaces, after the request is known to be valid. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import type { Store } from '@netverdict/store';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TokenCheck } from './auth.ts';
import {
  namespaceOf,
  namespacesOf,
  OF_ONE_DIAGNOSIS,
  OF_ONE_INCIDENT,
  QUESTION,
  refuseCluster,
  refuseList,
  refuseNamespaces,
  refuseQuestion,
  type Scope,
} from './authority.ts';
import { refuseOwn } from './own-things.ts';
import { ProblemError, unknownDiagnosis, unknownIncident } from './problems.ts';

const forbidden = (detail: string): ProblemError =>
  new ProblemError({ type: 'forbidden', status: 403, title: 'This token may not do that', detail });

export function holdToScopes(
  app: FastifyInstance,
  token: TokenCheck,
  store: Pick<Store, 'diagnoses' | 'incidents' | 'batches' | 'schedules'>,
  defaultCluster: string,
): void {
  async function hold(request: FastifyRequest, scope: Scope): Promise<void> {
    const route = request.routeOptions.url ?? '';
    // Nothing is there: the answer is that.
    if (route === '') return;
    if (`${request.method} ${route}` === QUESTION) {
      const asked = request.body as DiagnosisRequest;
      const refusal = refuseCluster(scope, asked.cluster ?? defaultCluster) ?? refuseQuestion(scope, asked);
      if (refusal !== null) throw forbidden(refusal);
      return;
    }
    if (OF_ONE_DIAGNOSIS.test(route)) {
      const { id } = request.params as { id: string };
      // A bundle holds the state of whole nodes.
      if (scope.namespaces !== null && route.endsWith('/bundle'))
        throw forbidden('A bundle shows all namespaces of its nodes.');
      const row = await store.diagnoses.getRow(id);
      // That there is one is not told either.
      if (row && (refuseCluster(scope, row.cluster) ?? refuseNamespaces(scope, namespacesOf(row.request))) !== null)
        throw unknownDiagnosis(id);
      const refusal = row && route.endsWith('/rerun') ? refuseQuestion(scope, row.request) : null;
      if (refusal !== null) throw forbidden(refusal);
      return;
    }
    if (OF_ONE_INCIDENT.test(route)) {
      const { id } = request.params as { id: string };
      const row = await store.incidents.get(id);
      if (row && (refuseCluster(scope, row.cluster) ?? refuseNamespaces(scope, [namespaceOf(row.workload)])) !== null)
        throw unknownIncident(id);
      return;
    }
    const refusal = refuseList(scope, request.method, route, request.query as object);
    if (refusal !== null) throw forbidden(refusal);
  }

  app.addHook('preHandler', async (request) => {
    if (!request.url.startsWith('/api/')) return;
    const caller = token.check(request);
    const { scope } = caller;
    if (scope.clusters === null && scope.namespaces === null) return;
    const refusal = await refuseOwn(request, caller, store, defaultCluster);
    if (refusal === undefined) await hold(request, scope);
    else if (refusal !== null) throw forbidden(refusal);
  });
}
