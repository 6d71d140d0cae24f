/** eventproc under a flood of many nodes, as their agents send it: through JetStream into events, incidents and accounts of a real PostgreSQL. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { removeEngines, startEngines } from '@netverdict/embedded';
import { type Account, openStore, type Store } from '@netverdict/store';
import { Services } from '../../clients/cli/src/local/services.ts';
import { cpuTimeMs } from '../cpu-time.ts';
import { ms, type Row } from '../row.ts';
import { ANOMALIES_A_SUM, CLUSTER, nodeName, type Sent, SUMS_A_BATCH } from './send-batches.ts';

const NODES = 20;
const SECONDS = 15;
const WARM_SECONDS = 5;
const BACKLOG_SECONDS = 10;
/** After the sender's last batch: what comes later did not keep up. */
const KEPT_UP_MS = 1000;

const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');

type Sums = Readonly<Record<Account, number>>;

async function accounts(store: Store): Promise<Sums> {
  const range = { since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' };
  const rows = await store.accounting.sums({ ...range, perMinute: false, limit: 1000 });
  const of = (account: Account): number =>
    rows.reduce((sum, { probe, counts }) => sum + (probe === '' ? counts[account] : 0), 0);
  return {
    ...{ seen: 0, filtered: 0, sampledAway: 0, aggregated: 0, lostKernel: 0, missed: 0, lostSidecar: 0, elsewhere: 0 },
    ...{ reported: of('reported'), lostSpool: of('lostSpool'), lostBus: of('lostBus'), deadLetter: of('deadLetter') },
    ...{ duplicate: of('duplicate'), stored: of('stored'), rows: of('rows'), batches: of('batches') },
  };
}

/** @returns how long it took until all of it was stored */
async function allStored(store: Store, anomalies: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { stored } = await accounts(store);
    const took = performance.now() - began;
    if (stored >= anomalies) return took;
    if (took > 180_000) throw new Error(`${stored} of ${anomalies} anomalies were stored after three minutes`);
    await sleep(20);
  }
}

const SENDER = fileURLToPath(new URL('send-batches.ts', import.meta.url));

export async function eventprocRows(dir: string): Promise<Row[]> {
  const place = join(dir, 'eventproc');
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const engines = await startEngines({
    dir: join(place, 'engines'),
    only: ['nats', 'postgres'],
    clusters: [{ name: CLUSTER, nodes: Array.from({ length: NODES }, (_, i) => nodeName(i)) }],
  });
  const services = new Services(place);
  const store = openStore({ connectionString: engines.databaseUrl, maxConnections: 2 });
  const keyFile = engines.natsKeyFile({ role: 'eventproc' });
  const send = async (seconds: number, pace: 'paced' | 'at-once'): Promise<Sent> => {
    const args = [SENDER, engines.natsUrl, dirname(keyFile), `${NODES}`, `${seconds}`, pace];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 150_000 });
    return JSON.parse(stdout) as Sent;
  };
  try {
    await services.start({
      name: 'eventproc',
      folder: 'eventproc',
      healthUrl: null,
      env: {
        NETVERDICT_NATS_URL: engines.natsUrl,
        NETVERDICT_NATS_NKEY_FILE: keyFile,
        NETVERDICT_DATABASE_URL: engines.databaseUrl,
      },
    });
    await services.ready(60_000);
    const pid = services.pidOf('eventproc') ?? 0;
    const database = engines.pids.postgres ?? 0;

    const warm = await send(WARM_SECONDS, 'paced');
    await allStored(store, warm.anomalies);
    const used = (): number[] => [pid, database, engines.pids.nats ?? 0].map(cpuTimeMs);
    const before = used();
    const paced = await send(SECONDS, 'paced');
    const behindMs = await allStored(store, warm.anomalies + paced.anomalies);
    // All of it is stored now: what was taken for it, by the seconds in which it came, whether that kept up or not.
    const [own, postgres, nats] = used().map((now, i) => ((now - (before[i] ?? 0)) / 1000 / paced.seconds).toFixed(2));

    // As after an outage: all of it waits in JetStream.
    process.kill(pid, 'SIGSTOP');
    const backlog = await send(BACKLOG_SECONDS, 'at-once').finally(() => process.kill(pid, 'SIGCONT'));
    const sent = warm.anomalies + paced.anomalies + backlog.anomalies;
    const drainedMs = await allStored(store, sent);
    const { stored, rows, lostBus, deadLetter, duplicate } = await accounts(store);
    const incidents = await store.incidents.list({ cluster: CLUSTER, limit: 5000 });
    const inIncidents = incidents.reduce((sum, { count }) => sum + count, 0);
    const rate = paced.anomalies / paced.seconds;
    const capacity = backlog.rows / (drainedMs / 1000);
    return [
      {
        what: `raw anomalies a second of ${NODES} nodes, stored as they come`,
        value: `${thousands(rate)}; ${behindMs <= KEPT_UP_MS ? 'kept up' : 'did not keep up'} (the last stored ${ms(behindMs)} after it was sent)`,
        wanted: '200,000, kept up',
        beside: `${thousands(paced.rows / paced.seconds)} rows a second: ${ANOMALIES_A_SUM} anomalies a row, ${SUMS_A_BATCH} rows a batch; ${thousands(incidents.length)} incidents`,
      },
      {
        what: 'the same: CPU of eventproc for each second of it',
        value: `${own} core`,
        wanted: '–',
        beside: `PostgreSQL ${postgres}, NATS ${nats}, and the sender, on the same cores, ${(paced.cpuSeconds / paced.seconds).toFixed(2)}`,
      },
      {
        what: 'a backlog that waits in JetStream',
        value: `${thousands(capacity)} rows a second, ${thousands(capacity * ANOMALIES_A_SUM)} raw anomalies`,
        wanted: '–',
        beside: `arriving: ${thousands(paced.rows / paced.seconds)} rows a second (${(capacity / (paced.rows / paced.seconds)).toFixed(1)}×)`,
      },
      {
        what: 'lost of all that was sent',
        value: `${sent - stored}`,
        wanted: '0',
        beside: `sent by the sender’s count ${thousands(sent)}; stored ${thousands(stored)} in ${thousands(rows)} rows, counted in incidents ${thousands(inIncidents)}; lost ${lostBus + deadLetter}, twice ${duplicate}`,
      },
    ];
  } finally {
    await services.stopAll();
    await store.close();
    await engines.stop();
    await removeEngines(engines.dir);
  }
}
