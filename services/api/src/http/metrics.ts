/** Requests by route and status, and how diagnoses end, for /metrics. Labels are bounded: routes as they are written in the code, never URLs. */
import { addCounter, Histogram, type Registry } from '@netverdict/telemetry';
import type { FastifyInstance } from 'fastify';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'netverdict_http_request_seconds',
    help: 'how long requests took; of live streams, how long they lasted',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}

/** @returns told how each diagnosis ended: by its outcome, or as `failed` */
export function countEndings(registry: Registry): (ending: string) => void {
  const endings = new Map<string, number>();
  addCounter(registry, 'netverdict_diagnoses_finished_total', 'diagnoses that this replica ended, and how', () =>
    [...endings].map(([ending, value]) => ({ labels: { ending }, value })),
  );
  return (ending) => void endings.set(ending, (endings.get(ending) ?? 0) + 1);
}
