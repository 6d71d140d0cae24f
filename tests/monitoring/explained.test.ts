/**
 * Faults in the lab while something else drops 10,000 packets: each becomes an incident whose own diagnosis finds the fault, and
 * nothing else is blamed. Real packets, real probes in the kernel, real services.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '@netverdict/embedded';
import type { FaultName, Lab } from '@netverdict/lab';
import type { IncidentDocument, NetverdictClient } from '@netverdict/sdk';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Instance } from '../../clients/cli/src/local/instance.ts';
import { byCause } from '../../clients/cli/src/terminal/incident-lines.ts';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let lab: Lab;
let instance: Instance;
let client: NetverdictClient;
let database: pg.Pool;

beforeAll(async () => {
  started = await startLabInstance('ex', 3);
  ({ lab, instance, client } = started);
  database = openPool(instance.engines.databaseUrl, 1);
});
afterAll(async () => {
  await database?.end();
  await started?.down();
});

const WEB_2 = 'web-2';
const SERVICE = '10.96.0.80:80';

/** Whom the client asks while the fault is in, and what a diagnosis of that must find. */
const FAULTS: readonly (readonly [FaultName, string, string])[] = [
  ['node-forward-drop', WEB_2, 'NV-FILTER-DROP'],
  ['node-forward-policy-drop', WEB_2, 'NV-FILTER-POLICY-DROP'],
  ['node-forward-reject', WEB_2, 'NV-FILTER-REJECT'],
  ['reply-drop', WEB_2, 'NV-FILTER-DROP'],
  ['pod-input-drop', WEB_2, 'NV-FILTER-DROP'],
  ['pod-no-listener', WEB_2, 'NV-NO-LISTENER'],
  ['pod-listener-loopback', WEB_2, 'NV-LISTENER-LOOPBACK-ONLY'],
  ['pod-routes-flushed', WEB_2, 'NV-NO-ROUTE'],
  ['ip-forward-off', WEB_2, 'NV-IP-FORWARD-OFF'],
  ['rp-filter-asymmetric', WEB_2, 'NV-RP-FILTER'],
  ['peer-podcidr-route-deleted', WEB_2, 'NV-ROUTE-MISSING'],
  ['fdb-missing', WEB_2, 'NV-FDB-MISSING'],
  ['vxlan-wrong-vni', WEB_2, 'NV-VXLAN-VNI-MISMATCH'],
  ['vxlan-port-drop-output', WEB_2, 'NV-FILTER-DROP'],
  ['endpoint-broken', SERVICE, 'NV-FILTER-DROP'],
];

/** Events at the least; more are sent, since a fault may keep some from being dropped where the agents look. */
const FLOOD = 10_000;
const SENT = 14_000;
/** Of the flood, which goes on through all faults. */
const floodOf = (incident: IncidentDocument): boolean =>
  incident.samples.some(({ tuple }) => tuple?.destinationPort === FLOOD_PORT || tuple?.sourcePort === FLOOD_PORT) ||
  isMarker(incident);
const isMarker = ({ samples }: IncidentDocument): boolean =>
  samples.some(({ tuple }) =>
    [tuple?.destinationPort, tuple?.sourcePort].some((port) => (port ?? 0) > 5000 && (port ?? 0) <= marker),
  );
const FLOOD_PORT = 4999;

/** Datagrams to a port where nobody listens: as many drops, and as many ICMP errors back. */
async function flood(datagrams: number): Promise<void> {
  const to = lab.pods.find(({ name }) => name === 'web-3')?.address ?? '';
  const program = `import socket,time
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
for i in range(${datagrams}):
 try: s.sendto(b'x',('${to}',${FLOOD_PORT}))
 except OSError: pass
 if i%50==0: time.sleep(.01)
`;
  const { code, stderr } = await lab.execPod('default/client-2', ['python3', '-c', program]);
  expect(code, stderr).toBe(0);
}

/** Ports at which nobody listens, one after the other. */
let marker = 5000;

/**
 * Until what the nodes had to tell before is stored: each tells in the order of time, so a drop of our own at every one, once it is stored,
 * has nothing before it that is still on its way.
 */
async function settled(): Promise<void> {
  const port = ++marker;
  const program = `import socket
socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b'x',('127.0.0.1',${port}))`;
  for (const { name } of lab.nodes) {
    const { code, stderr } = await lab.exec(name, ['python3', '-c', program]);
    expect(code, stderr).toBe(0);
  }
  const told = async (): Promise<number> => {
    const { rows } = await database.query<{ n: number }>(
      `select count(distinct node)::int as n from events where kind = 'packet-drop' and destination_port = ${port}`,
    );
    return rows[0]?.n ?? 0;
  };
  await expect.poll(told, { timeout: 30_000, interval: 100 }).toBe(lab.nodes.length);
}

/** PostgreSQL's deadlock_detected. */
const DEADLOCK = '40P01';

/** Each fault is looked at by itself: what is left of the one before is not its, nor are the questions that it took of a minute's share. */
async function forget(): Promise<string> {
  // The services write meanwhile: where both would wait for the other, PostgreSQL ends one of the two, and that one tries again, as they do.
  for (let attempt = 1; ; attempt++) {
    try {
      await database.query('truncate incidents, incident_groups, incident_questions');
      break;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === DEADLOCK && attempt < 20)) throw error;
    }
  }
  const { rows } = await database.query<{ now: Date }>('select now() as now');
  return (rows[0]?.now ?? new Date()).toISOString();
}

it('15 faults become incidents with the right cause, one each, under 10,000 other events', async () => {
  const results: Record<string, unknown> = {};
  const wanted: Record<string, unknown> = {};
  for (const [name, to, code] of FAULTS) {
    const fault = await lab.fault(name);
    await settled();
    const since = await forget();
    const flooding = flood(Math.ceil(SENT / FAULTS.length));
    const address = lab.pods.find((pod) => pod.name === to)?.address ?? SERVICE.split(':')[0] ?? '';
    for (let i = 0; i < 2; i++)
      await lab.probe({
        from: { pod: 'default/client' },
        to: { address, port: to === SERVICE ? 80 : 8080 },
        protocol: 'tcp',
        count: to === SERVICE ? 9 : 2,
        timeoutMs: 250,
      });
    await flooding;
    const explained = await untilExplained(since);
    const groups = byCause(explained);
    results[name] = groups.map(({ first }) => first.verdict?.findings[0]?.code);
    wanted[name] = [code];
    await lab.heal(fault.id);
  }
  expect(results).toEqual(wanted);
  const dropped = async (): Promise<number> => {
    const { rows } = await database.query<{ n: number | null }>(
      `select sum(count)::int as n from events where kind = 'packet-drop' and destination_port = ${FLOOD_PORT}`,
    );
    return rows[0]?.n ?? 0;
  };
  await expect.poll(dropped, { timeout: 20_000 }).toBeGreaterThanOrEqual(FLOOD);
}, 280_000);

it('two faults of which the kernel tells the same: two incidents, each with its own cause, and no packet in both', async () => {
  await settled();
  const since = await forget();
  const web2 = lab.pods.find(({ name }) => name === WEB_2)?.address ?? '';
  const drops = async (): Promise<IncidentDocument[]> => {
    const all: IncidentDocument[] = [];
    for await (const incident of client.listIncidents({ since }))
      if (incident.kind === 'packet-drop' && !floodOf(incident)) all.push(incident);
    return all;
  };
  /** A client that does not give up, until there is an incident of that cause. */
  const seen = async (code: string): Promise<IncidentDocument> => {
    for (const end = performance.now() + 90_000; ; ) {
      await lab.probe({
        from: { pod: 'default/client' },
        to: { address: web2, port: 8080 },
        protocol: 'tcp',
        count: 2,
        timeoutMs: 250,
      });
      const all = await drops();
      const found = all.find(({ verdict }) => verdict?.findings[0]?.code === code);
      if (found) return found;
      if (performance.now() > end) throw new Error(`no incident of ${code}: ${JSON.stringify(all, null, 1)}`);
      await sleep(500);
    }
  };
  const rule = await lab.fault('node-forward-drop');
  const first = await seen('NV-FILTER-DROP');
  await lab.heal(rule.id);
  const policy = await lab.fault('node-forward-policy-drop');
  const second = await seen('NV-FILTER-POLICY-DROP');
  await lab.heal(policy.id);
  await settled();

  expect(second.id).not.toBe(first.id);
  const both = await drops();
  const byCode = (code: string) => both.filter(({ verdict }) => verdict?.findings[0]?.code === code);
  expect(both.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
  const [ended] = byCode('NV-FILTER-DROP');
  expect(ended, 'its verdict is its own').toMatchObject({ id: first.id, state: 'quiet', reason: second.reason });
  expect(ended?.causeEndedAt).toEqual(expect.any(String));
  expect(Date.parse(ended?.lastSeen ?? '')).toBeLessThanOrEqual(Date.parse(second.firstSeen));
  const { rows } = await database.query<{ n: number }>(
    `select sum(count)::int as n from events where kind = 'packet-drop' and destination_port = 8080 and window_end > $1`,
    [since],
  );
  expect(both.reduce((sum, { count }) => sum + count, 0)).toBe(rows[0]?.n);
}, 240_000);

/** Those of the fault that have an answer which explains them, once nothing is asked any more. */
async function untilExplained(since: string): Promise<readonly IncidentDocument[]> {
  for (const end = performance.now() + 20_000; ; await sleep(200)) {
    const all: IncidentDocument[] = [];
    for await (const incident of client.listIncidents({ since })) if (!floodOf(incident)) all.push(incident);
    const asking = all.some(({ diagnosisState }) => diagnosisState === 'asking');
    const explained = all.filter(({ diagnosisState }) => diagnosisState === 'explained');
    if ((explained.length > 0 && !asking) || performance.now() > end) return explained;
  }
}
