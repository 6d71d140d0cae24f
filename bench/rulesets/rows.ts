/** What rulesets of many Services cost the simulator, beside the walk without indexes, the usual tool and the kernel itself. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mib, ms, type Row, ratio } from '../row.ts';
import type { RulesetFigures } from './measure.ts';
import type { Mode } from './services.ts';

const SCRIPT = fileURLToPath(new URL('./measure.ts', import.meta.url));
const SIZES = { iptables: [1000, 10_000, 30_000], nftables: [1000, 10_000] } as const;
/** The kernel looks each anonymous map up in a list: half a minute for 10,000, minutes for 30,000. */
const SLOW = { iptables: [], nftables: [30_000] } as const;
const MODES = ['iptables', 'nftables'] as const;

async function figures(mode: Mode, services: number, timeout: number): Promise<RulesetFigures> {
  const argv = ['--expose-gc', SCRIPT, mode, String(services)];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout });
  return JSON.parse(stdout) as RulesetFigures;
}

const micros = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} µs`;
const perSecond = (us: number): string => `${Math.round(1e6 / us).toLocaleString('en')} a second`;

function rowsOf(mode: Mode, services: number, f: RulesetFigures): Row[] {
  const what = `${services.toLocaleString('en')} Services, ${mode}`;
  const tool = mode === 'iptables' ? 'iptables-legacy-save' : 'nft list ruleset';
  const prepared = f.parseMs + f.compileMs;
  const kernel = `the kernel’s own time for such a packet: ${micros(f.kernelUs)} (without rules ${micros(f.kernelWithoutRulesUs)})`;
  const naive = (us: number, without: number): string =>
    `without indexes ${micros(without)} (${ratio(us, without)}); ${kernel}`;
  return [
    {
      what: `${what}: parsed and compiled`,
      value: `${ms(prepared)} (${ms(f.parseMs)} + ${ms(f.compileMs)})`,
      wanted: services === 10_000 ? '< 1500 ms' : '–',
      beside: `${tool}: ${ms(f.toolMs)} (${ratio(prepared, f.toolMs)})`,
    },
    {
      what: `${what}: a flow to a Service, both endpoints, there and back, with its trace`,
      value: `${micros(f.tracedUs)}, ${perSecond(f.tracedUs)}`,
      wanted: '10,000 a second',
      beside: naive(f.tracedUs, f.naiveTracedUs),
    },
    {
      what: `${what}: the same, the verdict alone`,
      value: `${micros(f.verdictUs)}, ${perSecond(f.verdictUs)}`,
      wanted: '50,000 a second',
      beside: naive(f.verdictUs, f.naiveVerdictUs),
    },
    {
      what: `${what}: a flow to one endpoint’s own address, there and back, with its trace`,
      value: `${micros(f.directTracedUs)}, ${perSecond(f.directTracedUs)}`,
      wanted: '10,000 a second',
      beside: kernel,
    },
    {
      what: `${what}: the same, the verdict alone`,
      value: `${micros(f.directVerdictUs)}, ${perSecond(f.directVerdictUs)}`,
      wanted: '50,000 a second',
      beside: kernel,
    },
    {
      what: `${what}: memory of the process that holds it`,
      value: mib(f.rssMib),
      wanted: services === 30_000 ? '< 600 MiB' : '–',
      beside: `the sections’ text: ${mib(f.textMib)}; the process without it: ${mib(f.bareRssMib)}`,
    },
    {
      what: `${what}: collected, parsed, compiled, asked once`,
      value: `${ms(f.endToEndMs)} (collection ${ms(f.collectMs)}, again ${ms(f.collectAgainMs)})`,
      wanted: 'as low as possible',
      beside: `${tool}: ${ms(f.toolMs)} (${ratio(f.endToEndMs, f.toolMs)})`,
    },
  ];
}

const PATIENCE_MS = 150_000;

/** @param slow also what takes minutes, nearly all of them in the kernel. */
export async function rulesetRows(slow: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const mode of MODES)
    for (const services of [...SIZES[mode], ...(slow ? SLOW[mode] : [])]) {
      try {
        rows.push(...rowsOf(mode, services, await figures(mode, services, slow ? 10 * PATIENCE_MS : PATIENCE_MS)));
      } catch (error) {
        const why = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
        rows.push({
          what: `${services.toLocaleString('en')} Services, ${mode}`,
          value: 'not measured',
          wanted: '–',
          beside: why,
        });
      }
    }
  return rows;
}
