/** A heartbeat as soon as what it says of the probes is another: whoever waits for a probe need not wait for the next round. */
import type { ProbeReport } from '@netverdict/contracts';
import type { KernelWatch } from '../watch/watch.ts';

/** Probes are switched on one after the other: one heartbeat tells of several. */
const GATHER_MS = 100;

const statesOf = (reports: readonly ProbeReport[]): string =>
  reports.map(({ name, state }) => `${name} ${state}`).join(',');

export function beatOnChange(kernel: Pick<KernelWatch, 'listen' | 'reports'>, beat: () => void): { stop(): void } {
  let told = statesOf(kernel.reports());
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const now = statesOf(kernel.reports());
    if (now === told) return;
    told = now;
    beat();
  };
  kernel.listen(({ type }) => {
    if (type === 'status') timer ??= setTimeout(look, GATHER_MS);
  });
  return { stop: () => clearTimeout(timer) };
}
