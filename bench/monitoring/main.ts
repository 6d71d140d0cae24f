/** The numbers of the monitoring by themselves: `node bench/monitoring/main.ts [anomalies|overhead|eventproc]…`. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab } from '@netverdict/lab';
import { removeInstance } from '../../clients/cli/src/local/instance.ts';
import { MONITORING_TABLES } from './tables.ts';

const chosen = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const dir = mkdtempSync(join(tmpdir(), 'netverdict-bench-'));
const lab = await createLab({ name: `bench-${process.pid}` });
try {
  for (const [name, table] of Object.entries(MONITORING_TABLES))
    if (chosen.length === 0 || chosen.includes(name)) await table(lab, dir);
} finally {
  await lab.down();
  await removeInstance(dir);
}
