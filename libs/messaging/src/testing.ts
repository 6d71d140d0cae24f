/** For the tests of this package: a nats-server of their own, and messages that are right. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeyAuthenticator, nkeys } from '@nats-io/transport-node';
import type { AnomalyBatch, BusUser, DiagnosisRequested, PathBuilt } from '@netverdict/contracts';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import { type Bus, connectBus } from './bus.ts';
import type { BusLog } from './link.ts';

export const API: BusUser = { role: 'api' };
export const SIMULATOR: BusUser = { role: 'simulator' };
export const EVENTPROC: BusUser = { role: 'eventproc' };
export const TOPOLOGY: BusUser = { role: 'topology', cluster: 'default' };
export const agent = (node: string): BusUser => ({ role: 'agent', cluster: 'default', node });

/** BUS_TEST_LOG=1 shows what the bus says. */
const say = (fields: object, message: string): void => {
  if (process.env.BUS_TEST_LOG) console.log(message, JSON.stringify(fields));
};
const log: BusLog = { debug: say, info: say, warn: say, error: say };

export interface TestBus {
  readonly engines: Engines;
  connect(user: BusUser): Promise<Bus>;
  /** With a key that may do everything, as no service's may. */
  admin(): Promise<{ readonly nc: NatsConnection; readonly jsm: JetStreamManager }>;
  down(): Promise<void>;
}

export async function startTestBus(): Promise<TestBus> {
  const dir = mkdtempSync(join(tmpdir(), 'nv-bus-'));
  const clusters = [
    { name: 'default', nodes: ['node-1', 'node-2', 'node.with.dots'] },
    { name: 'other', nodes: ['node-1'] },
  ];
  const engines = await startEngines({ dir, only: ['nats'], clusters });
  const open: Bus[] = [];
  const admins: NatsConnection[] = [];
  return {
    engines,
    async connect(user) {
      const bus = await connectBus({ url: engines.natsUrl, nkeySeedFile: engines.natsKeyFile(user), user, log });
      open.push(bus);
      return bus;
    },
    async admin() {
      const key = nkeys.createUser();
      const file = join(dir, 'nats', 'nats.conf');
      const config = JSON.parse(readFileSync(file, 'utf8')) as { authorization: { users: object[] } };
      config.authorization.users.push({ nkey: key.getPublicKey() });
      writeFileSync(file, JSON.stringify(config));
      if (engines.pids.nats !== undefined) process.kill(engines.pids.nats, 'SIGHUP');
      // Refused until the server has taken the key in.
      let nc: NatsConnection | null = null;
      await until(async () => {
        const authenticator = nkeyAuthenticator(key.getSeed());
        nc = await connect({ servers: engines.natsUrl, authenticator }).catch(() => null);
        return nc !== null;
      });
      if (nc === null) throw new Error('unreachable');
      admins.push(nc);
      return { nc, jsm: await jetstreamManager(nc, { checkAPI: false }) };
    },
    async down() {
      await Promise.all([...open.map((bus) => bus.close()), ...admins.map((nc) => nc.close())]);
      await engines.stop();
      await removeEngines(dir);
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 40_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await pause(10);
  }
}

const uuid = (n: number): string => `dg_00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const diagnosisRequested = (n: number): DiagnosisRequested => ({
  diagnosisId: uuid(n),
  attempt: 1,
  request: { source: { pod: 'default/client' }, destination: { service: 'default/web', port: 80 } },
  deadlineAt: '2030-01-01T00:00:00Z',
});

export const pathBuilt = (n: number, padding = ''): PathBuilt => ({
  ...diagnosisRequested(n),
  round: 0,
  flow: {
    family: 'ipv4',
    sourcePort: 40_000,
    source: { kind: 'external', address: '192.0.2.1' },
    destination: { address: '192.0.2.2', port: 80 },
    protocol: 'tcp',
    sizeBytes: 60,
    dontFragment: true,
  },
  names: { source: `pod default/client${padding}`, destination: 'service default/web:80' },
  intendedPath: { cni: null, hops: [] },
  snapshot: {
    ...{ cluster: 'default', at: '2026-01-01T00:00:00Z', nodes: [] },
    map: { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] },
  },
  snapshotDigest: 'sha256:00',
  timing: { resolveMs: 1, collectMs: 1, simulateMs: 0 },
});

export const anomalyBatch = (node: string, seq: number): AnomalyBatch => ({
  node,
  epoch: 'e1',
  seq,
  anomalies: [
    {
      kind: 'tcp-retransmission',
      netns: 4026531840,
      pod: null,
      count: 3,
      windowStart: '2026-01-01T00:00:00Z',
      windowEnd: '2026-01-01T00:00:05Z',
    },
  ],
});
