import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { type BusUser, busPermissions, inboxPrefix } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NotPermitted } from './index.ts';
import {
  API,
  agent,
  anomalyBatch,
  EVENTPROC,
  SIMULATOR,
  startTestBus,
  type TestBus,
  TOPOLOGY,
  until,
} from './testing.ts';

let nats: TestBus;
const raw: NatsConnection[] = [];
beforeAll(async () => {
  nats = await startTestBus();
});
afterAll(async () => {
  await Promise.all(raw.map((nc) => nc.close()));
  await nats?.down();
});

async function rawAs(user: BusUser): Promise<NatsConnection> {
  const seed = await readFile(nats.engines.natsKeyFile(user));
  const authenticator = nkeyAuthenticator(seed);
  const nc = await connect({ servers: nats.engines.natsUrl, authenticator, inboxPrefix: inboxPrefix(user) });
  raw.push(nc);
  return nc;
}

/** The server's refusals are told on the connection, after the fact. */
async function refusals(nc: NatsConnection, act: () => void): Promise<string[]> {
  const errors: string[] = [];
  const listen = async (): Promise<void> => {
    for await (const status of nc.status()) if (status.type === 'error') errors.push(status.error.message);
  };
  void listen();
  act();
  await nc.flush();
  await pause(50);
  return errors;
}

test('an agent that claims to be another node is refused by NATS', async () => {
  await nats.connect(EVENTPROC);
  const bus = await nats.connect(agent('node-1'));
  await bus.publish('anomaly-batch', 'default', anomalyBatch('node-1', 1), { id: 'own' });
  const claim = bus.publish('anomaly-batch', 'default', anomalyBatch('node-2', 1), { id: 'other', node: 'node-2' });
  await expect(claim).rejects.toThrow(NotPermitted);
  const elsewhere = bus.publish('anomaly-batch', 'other', anomalyBatch('node-1', 1), { id: 'elsewhere' });
  await expect(elsewhere).rejects.toThrow(NotPermitted);
});

test('an agent that claims another node in the body is caught by the consumer', async () => {
  const eventproc = await nats.connect(EVENTPROC);
  const bus = await nats.connect(agent('node-1'));
  const reasons: string[] = [];
  const nodes: (string | null)[] = [];
  const consumption = eventproc.consume('anomaly-batch', async (_body, { node }) => void nodes.push(node), {
    onDeadLetter: async (letter) => void reasons.push(letter.reason),
  });
  await bus.publish('anomaly-batch', 'default', anomalyBatch('node-2', 2), { id: 'lie' });
  await bus.publish('anomaly-batch', 'default', anomalyBatch('node-1', 2), { id: 'truth' });
  await until(() => reasons.length === 1 && nodes.includes('node-1'));
  expect(reasons[0]).toBe('the body says node node-2, the subject events.default.node-1');
  expect(nodes).not.toContain('node-2');
  await consumption.stop();
});

test('what an agent may not: hear others, read sections, shape streams', async () => {
  const nc = await rawAs(agent('node-1'));
  for (const subject of [
    'collect.default.node-2',
    'capture.default.node-2',
    'locate.default',
    'configure.default.node-2',
    'configure.default.*',
    '_INBOX.>',
    '_INBOX.topology.default.>',
    'diagnosis.>',
    '>',
  ]) {
    const errors = await refusals(nc, () => nc.subscribe(subject));
    expect(errors.join(), subject).toMatch(/Permissions Violation for Subscription/i);
  }
  const forbidden = [
    '$JS.API.STREAM.DELETE.EVENTS',
    '$JS.API.STREAM.PURGE.EVENTS',
    '$JS.API.DIRECT.GET.SECTIONS.sections.default.x.0',
    'diagnosis.verdict.default',
    'collect.default.node-2',
    'agents.default.node-2',
    'captures.default.node-2.cap_x.0.0',
    'capture.default.node-1',
    'locate.default',
    '$JS.API.DIRECT.GET.CAPTURES.captures.default.node-1.cap_x.0.0',
    '$JS.API.STREAM.PURGE.CAPTURES',
    'configure.default.node-1',
    '_INBOX.topology.default.guessed',
  ];
  for (const subject of forbidden) {
    const errors = await refusals(nc, () => nc.publish(subject, '{}'));
    expect(errors.join(), subject).toMatch(/Permissions Violation for Publish/i);
  }
});

test('services cannot do each other’s work', async () => {
  const rows: [BusUser, string][] = [
    [SIMULATOR, 'diagnosis.requested.default'],
    [SIMULATOR, 'collect.default.node-1'],
    [SIMULATOR, 'sections.default.x.0'],
    [TOPOLOGY, 'diagnosis.path-built.other'],
    [TOPOLOGY, 'collect.other.node-1'],
    [TOPOLOGY, '$JS.API.CONSUMER.MSG.NEXT.DIAGNOSIS.simulator-path-built'],
    [EVENTPROC, 'diagnosis.requested.default'],
    [EVENTPROC, 'configure.default.node-1'],
    [TOPOLOGY, 'configure.default.node-1'],
    [TOPOLOGY, 'capture.default.node-1'],
    [EVENTPROC, '$JS.API.DIRECT.GET.CAPTURES.captures.default.node-1.cap_x.0.0'],
    [API, 'captures.default.node-1.cap_x.0.0'],
    // Stored messages it may send once more (ADR 25); what makes a node do something, and the sections, it may not.
    [API, 'collect.default.node-1'],
    [API, 'follow.default.node-1'],
    [API, 'sections.default.x.0'],
    [SIMULATOR, '$JS.API.STREAM.MSG.GET.DEADLETTER'],
    [TOPOLOGY, '$JS.API.STREAM.MSG.DELETE.DEADLETTER'],
    [API, '$JS.API.STREAM.DELETE.DIAGNOSIS'],
  ];
  for (const [user, subject] of rows) {
    const nc = await rawAs(user);
    const errors = await refusals(nc, () => nc.publish(subject, '{}'));
    expect(errors.join(), `${user.role} ${subject}`).toMatch(/Permissions Violation for Publish/i);
  }
});

test('a connection without a key is refused', async () => {
  await expect(connect({ servers: nats.engines.natsUrl, timeout: 2000 })).rejects.toThrow(/authorization/i);
});

test('a node added while the server runs can speak, and the others stay connected', async () => {
  const bus = await nats.connect(agent('node-1'));
  let reconnected = false;
  bus.onReconnect(() => {
    reconnected = true;
  });
  await nats.engines.addNode('default', 'node-3');
  const fresh = await nats.connect(agent('node-3'));
  await fresh.publish('anomaly-batch', 'default', anomalyBatch('node-3', 1), { id: 'fresh' });
  expect(reconnected).toBe(false);
});

test('no user may subscribe to another’s inbox', () => {
  const users: BusUser[] = [API, SIMULATOR, EVENTPROC, TOPOLOGY, agent('node-1'), agent('node-1.x')];
  for (const user of users) {
    const inboxes = busPermissions(user).subscribe.filter((s) => s.startsWith('_INBOX'));
    expect(inboxes).toEqual([`${inboxPrefix(user)}.>`]);
  }
  expect(new Set(users.map(inboxPrefix)).size).toBe(users.length);
});

test('a service speaks of itself only: a topology is heard as that of its own cluster, and as no other service', async () => {
  const nc = await rawAs(TOPOLOGY);
  expect(await refusals(nc, () => nc.publish('services.default.topology', 'x'))).toEqual([]);
  for (const subject of ['services.other.topology', 'services.default.simulator', 'services.=2a.api'])
    expect(await refusals(nc, () => nc.publish(subject, 'x'))).toEqual([expect.stringContaining(subject)]);
});
