/** One diagnosis is one trace: a receiver of OTLP sees spans of every service with the same trace id. */
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@netverdict/embedded';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

interface ExportedSpans {
  readonly resourceSpans?: readonly {
    readonly resource?: {
      readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans?: readonly {
      readonly spans?: readonly { readonly traceId: string; readonly name: string }[];
    }[];
  }[];
}

const spans: { readonly service: string; readonly traceId: string; readonly name: string }[] = [];
let receiver: Server;
let started: LabInstance;
const OTEL = {
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '200',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
};

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as ExportedSpans;
      for (const resource of body.resourceSpans ?? []) {
        const service = resource.resource?.attributes?.find((a) => a.key === 'service.name')?.value.stringValue ?? '?';
        for (const scope of resource.scopeSpans ?? [])
          for (const { traceId, name } of scope.spans ?? []) spans.push({ service, traceId, name });
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => receiver.listen(port, '127.0.0.1', resolve));
  Object.assign(process.env, OTEL, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  started = await startLabInstance('otel', 1);
});
afterAll(async () => {
  for (const name of [...Object.keys(OTEL), 'OTEL_EXPORTER_OTLP_ENDPOINT']) delete process.env[name];
  await started?.down();
  receiver?.close();
});

it('one diagnosis is one trace across the services, continued from the caller', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const response = await fetch(`${started.instance.apiUrl}/api/v1/diagnoses`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${started.instance.token}`,
      'content-type': 'application/json',
      prefer: 'wait=20',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({ source: { pod: 'default/client' }, destination: { pod: 'default/web-1', port: 8080 } }),
  });
  expect(response.status).toBe(200);
  const wanted = ['api', 'collector-agent', 'simulator', 'topology'].map((name) => `netverdict-${name}`);
  const deadline = performance.now() + 40_000;
  const seen = (): string[] =>
    [...new Set(spans.filter((span) => span.traceId === traceId).map((span) => span.service))].sort();
  while (performance.now() < deadline && seen().length < wanted.length) await sleep(200);
  expect(seen()).toEqual(expect.arrayContaining(wanted));
});

it('every service tells of its messages at /metrics', async () => {
  const { services, apiUrl } = started.instance;
  const metricsOf = async (name: string): Promise<string> => {
    const listen = services.envOf(name).NETVERDICT_HEALTH_LISTEN;
    return (await fetch(`${listen === undefined ? apiUrl : `http://${listen}`}/metrics`)).text();
  };
  const wanted: [string, RegExp][] = [
    ['api', /netverdict_messages_handled_total\{message="verdict",outcome="done"\} [1-9]/],
    ['topology', /netverdict_messages_handled_total\{message="diagnosis-requested",outcome="done"\} [1-9]/],
    ['topology', /netverdict_cluster_objects\{cluster="lab",resource="pods"\} [1-9]/],
    ['topology', /netverdict_watch_connected\{cluster="lab",resource="pods"\} 1/],
    ['simulator', /netverdict_evaluation_seconds_count [1-9]/],
    ['simulator', /netverdict_evaluations_waiting 0/],
    ['eventproc', /netverdict_service_info\{service="eventproc",version="[\d.]+"\} 1/],
  ];
  for (const [name, line] of wanted) expect(await metricsOf(name), name).toMatch(line);
});
