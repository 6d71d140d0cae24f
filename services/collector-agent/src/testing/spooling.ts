/** A spool in a process of its own, whose stream is away: says after each batch how many it has taken. Killed by the test. */
import { argv } from 'node:process';
import type { Anomaly } from '@netverdict/contracts';
import { startSpool } from '../publish/spool.ts';

export const anomaly = (count: number, reason = 'TEST'): Anomaly => ({
  ...{ kind: 'packet-drop', netns: 1, pod: null, count, reason },
  ...{ windowStart: '2026-01-01T00:00:00Z', windowEnd: '2026-01-01T00:00:05Z' },
});

export const MEBIBYTE = 1024 * 1024;

function spoolOn(dir: string, epoch: string, batches: number): void {
  const spool = startSpool({
    node: 'n',
    epoch,
    disk: { dir, maxBytes: 8 * MEBIBYTE },
    log: { warn() {} },
    publish: () => Promise.reject(new Error('no stream')),
  });
  for (let i = 1; i <= batches; i++) spool.add([anomaly(i)]);
  console.log('taken', spool.report().place);
  setInterval(() => undefined, 1000);
}

const [, , dir = '', epoch = '', batches = '0'] = argv;
if (import.meta.main) spoolOn(dir, epoch, Number(batches));
