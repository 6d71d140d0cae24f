/** Says every few seconds that the agent lives: "no events" and "not reporting" must look different. */
import { release } from 'node:os';
import { VERSION } from '@netverdict/configuration';
import type {
  AgentHeartbeat,
  AgentLedger,
  BudgetReport,
  ConfigurationReport,
  ProbeReport,
  SpoolReport,
} from '@netverdict/contracts';

export const HEARTBEAT_MS = 5000;

export function startHeartbeat(options: {
  readonly node: string;
  readonly epoch: string;
  readonly lastSeq: () => number;
  readonly probes: () => readonly ProbeReport[];
  /** Why there are no probes, or null. */
  readonly away: () => string | null;
  /** What else it can do here, beside collecting and counting. */
  readonly capabilities: () => readonly string[];
  readonly ledger: () => AgentLedger;
  readonly configuration: () => ConfigurationReport;
  readonly budget: () => BudgetReport | null;
  readonly spool: () => SpoolReport;
  readonly send: (body: AgentHeartbeat, id: string) => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
}): { beat(): void; stop(): void } {
  const { node, epoch, lastSeq, probes, away, capabilities, ledger, configuration, budget, spool, send, log } = options;
  let beats = 0;
  const beat = (): void => {
    const reports = probes();
    const reason = away();
    const used = budget();
    const body: AgentHeartbeat = {
      node,
      epoch,
      version: VERSION,
      kernel: release(),
      lastSeq: lastSeq(),
      capabilities: [
        'collect',
        'counters',
        ...capabilities(),
        ...reports.flatMap(({ name, state }) => (state === 'on' ? [`probe:${name}`] : [])),
      ],
      probes: [...reports],
      ledger: ledger(),
      configuration: configuration(),
      spool: spool(),
      ...(used === null ? {} : { budget: used }),
      ...(reason === null ? {} : { watch: reason }),
    };
    send(body, `heartbeat/${++beats}`).catch((err: unknown) => log.warn({ err }, 'the heartbeat was not sent'));
  };
  beat();
  const timer = setInterval(beat, HEARTBEAT_MS);
  return { beat, stop: () => clearInterval(timer) };
}
