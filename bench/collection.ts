/** What collection costs in the agent, beside the usual commands that read the same. A process per case: each tells its own peak. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CollectFigures } from '../services/collector-agent/bench/collect.ts';
import { mib, ms, type Row, ratio } from './row.ts';

const SCRIPT = fileURLToPath(new URL('../services/collector-agent/bench/collect.ts', import.meta.url));

async function figures(kind: 'pair' | 'legacy' | 'nft'): Promise<CollectFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, kind], { timeout: 120_000 });
  return JSON.parse(stdout) as CollectFigures;
}

const beside = (value: number, { beside: { command, medianMs } }: CollectFigures): string =>
  `${command}: ${ms(medianMs)} (${ratio(value, medianMs)})`;

function peaks(what: string, { agentPeakMib, helperPeakMib, toolPeakMib, kib }: CollectFigures): Row {
  const tool = toolPeakMib > 0 ? `, the tool that it runs ${mib(toolPeakMib)}` : '';
  return {
    what: `peak memory of it: ${what}`,
    value: `collector ${mib(agentPeakMib)}, helper ${mib(helperPeakMib)}${tool}`,
    wanted: '–',
    beside: `the sections' text: ${mib(kib / 1024)} (${ratio(agentPeakMib, kib / 1024)})`,
  };
}

export async function collectionRows(): Promise<Row[]> {
  const pair = await figures('pair');
  const legacy = await figures('legacy');
  const nft = await figures('nft');
  return [
    {
      what: 'host and one pod, median of 30',
      value: ms(pair.medianMs),
      wanted: '< 25 ms',
      beside: beside(pair.medianMs, pair),
    },
    {
      what: '10,000 Services in iptables-legacy, median of 5',
      value: ms(legacy.medianMs),
      wanted: '< 1000 ms',
      beside: beside(legacy.medianMs, legacy),
    },
    peaks('iptables-legacy', legacy),
    {
      what: '10,000 Services in iptables-nft, first time',
      value: ms(nft.firstMs),
      wanted: 'as low as possible',
      beside: beside(nft.firstMs, nft),
    },
    {
      what: '10,000 Services in iptables-nft, again (rules unchanged), median of 5',
      value: ms(nft.medianMs),
      wanted: 'as low as possible',
      beside: beside(nft.medianMs, nft),
    },
    peaks('iptables-nft', nft),
  ];
}
