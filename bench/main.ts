/** `make bench`: every number with the machine, the command and what it is compared with; `--readme` puts the tables there, `--slow` takes minutes more. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@netverdict/embedded';
import { createLab, type Lab } from '@netverdict/lab';
import { type Instance, removeInstance, startInstance } from '../clients/cli/src/local/instance.ts';
import { collectionRows } from './collection.ts';
import { diagnosisRows, memoryRows, rssMiB } from './diagnosis.ts';
import { machine } from './machine.ts';
import { BENCH_NODE, liveLatencyRows } from './monitoring/live-latency.ts';
import { MONITORING_TABLES } from './monitoring/tables.ts';
import { policyRows } from './policies/rows.ts';
import { printRows, type Row, writeReadme } from './row.ts';
import { rulesetRows } from './rulesets/rows.ts';

/** Also 30,000 Services of nftables, which the kernel takes minutes to load and to tell. */
const SLOW = process.argv.includes('--slow');

/** What Node itself takes, doing nothing. */
async function bareNodeMiB(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  await sleep(500);
  const mib = child.pid === undefined ? Number.NaN : rssMiB(child.pid);
  child.kill();
  return mib;
}

const dir = mkdtempSync(join(tmpdir(), 'netverdict-bench-'));
const tables: string[] = [];
let lab: Lab | undefined;
let instance: Instance | undefined;
try {
  lab = await createLab({ name: `bench-${process.pid}` });
  instance = await startInstance({
    dir,
    cluster: 'lab',
    kubeconfig: lab.kubeconfig,
    nodes: [...lab.nodes.map((n) => n.name), BENCH_NODE],
    agents: lab.nodes.map((n) => ({ node: n.name, netnsPath: n.netnsPath, criEndpoint: n.criEndpoint })),
    listen: `127.0.0.1:${await freePort()}`,
    say: () => {},
  });
  await sleep(5000);
  const rows: Row[] = memoryRows(instance, await bareNodeMiB());
  tables.push(
    printRows('Diagnosis through the API, 10 at a time, warmed up with 200', 'make bench', machine(), [
      ...(await diagnosisRows(lab, instance)),
      ...rows,
    ]),
  );
  tables.push(printRows('From an anomaly to its reader', 'make bench', machine(), await liveLatencyRows(instance)));
  await instance.stop();
  instance = undefined;
  // One agent on this kernel: each of the instance's would watch all of it.
  for (const table of Object.values(MONITORING_TABLES)) tables.push(await table(lab, dir));
  tables.push(printRows('Collection in the agent', 'make bench', machine(), await collectionRows()));
  tables.push(
    printRows(
      'Rulesets of many Services in the simulator, one core',
      SLOW ? 'node bench/main.ts --slow' : 'make bench',
      machine(),
      await rulesetRows(SLOW),
    ),
  );
  tables.push(printRows('Network policies, all pairs of pods, one core', 'make bench', machine(), await policyRows()));
  if (process.argv.includes('--readme')) writeReadme(tables);
} finally {
  await instance?.stop();
  await lab?.down();
  await removeInstance(dir);
}
