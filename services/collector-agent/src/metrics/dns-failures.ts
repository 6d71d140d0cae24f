/** Which names were asked for in vain, how often and why, since the agent's start; bounded in number. */
import type { Anomaly } from '@netverdict/contracts';
import { addCounter, type Registry, type Row } from '@netverdict/telemetry';

/** Anybody can ask for any name: those that come after so many are counted together. */
const MOST_NAMES = 256;
const OTHERS = 'others';

export class DnsFailures {
  /** By name, then by what became of the question. */
  readonly #names = new Map<string, Map<string, number>>();
  readonly #most: number;

  constructor(most = MOST_NAMES) {
    this.#most = most;
  }

  note(anomalies: readonly Anomaly[]): void {
    for (const { kind, reason, details, count, oneIn = 1 } of anomalies) {
      const failure = kind === 'dns-unanswered' ? 'unanswered' : kind === 'dns-error' ? (reason ?? 'error') : null;
      if (failure === null) continue;
      const asked = details?.name === undefined ? OTHERS : String(details.name);
      const name = this.#names.has(asked) || this.#names.size < this.#most ? asked : OTHERS;
      const own = this.#names.get(name) ?? new Map<string, number>();
      this.#names.set(name, own);
      own.set(failure, (own.get(failure) ?? 0) + count * oneIn);
    }
  }

  rows(): Row[] {
    return [...this.#names].flatMap(([name, failures]) =>
      [...failures].map(([failure, value]) => ({ labels: { name, failure }, value })),
    );
  }
}

export function addDnsFailures(registry: Registry, failures: DnsFailures): void {
  addCounter(
    registry,
    'netverdict_dns_failures_total',
    'questions by name that got an error code or no answer, scaled by the sampling',
    () => failures.rows(),
  );
}
