/** agent-configuration: what this node's probes are to do. Whoever sent it sees in the next heartbeat that it was heard, and what of it cannot be done. */
import type { Bus } from '@netverdict/messaging';
import type { ProbeControl } from '../control/probe-control.ts';

export function consumeConfiguration(
  bus: Bus,
  at: { readonly cluster: string; readonly node: string },
  control: Pick<ProbeControl, 'configure' | 'report'>,
  beat: () => void,
  log: { warn(fields: object, message: string): void },
): { stop(): void } {
  return bus.subscribeCore('agent-configuration', at, async (configuration) => {
    // The same again: the heartbeat that tells of it was under way, or lost.
    if (configuration.version === control.report().version) return beat();
    await control
      .configure(configuration)
      .catch((err: unknown) => log.warn({ err }, 'the probes could not be configured'));
    beat();
  });
}
