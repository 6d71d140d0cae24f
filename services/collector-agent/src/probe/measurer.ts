/**
 * Measures on this node for a bounded time: switches probes on that are off, and tells what the histograms gathered meanwhile. A probe that
 * was on before stays on; one that several measure is off again with the last of them.
 */
import type { MeasuredHistogram } from '@netverdict/contracts';
import type { ToldHistogram } from '../watch/histograms.ts';
import type { KernelWatch } from '../watch/watch.ts';

export interface Measurer {
  /** @returns the probes that this node cannot run, and why. @throws when nothing can be measured here, or too much is */
  begin(
    name: string,
    probes: readonly string[],
    forMs: number,
  ): Promise<readonly { readonly probe: string; readonly reason: string }[]>;
  /** @throws when there is no such measurement */
  end(name: string): Promise<readonly MeasuredHistogram[]>;
}

interface Session {
  readonly probes: readonly string[];
  readonly before: ReadonlyMap<string, ToldHistogram>;
  timer: NodeJS.Timeout | undefined;
}

const MOST = 16;
/** Of one answer: far below what the bus takes. */
const MOST_HISTOGRAMS = 1000;

const keyOf = ({ metric, netns, peer }: ToldHistogram): string => `${netns}/${metric}/${peer.address}/${peer.port}`;

/** What is counted per name is no stage of anybody's way. */
const ofPeers = (watch: Pick<KernelWatch, 'histograms'>): ToldHistogram[] =>
  watch.histograms().filter(({ name }) => name === null);

export function measurerOf(
  watch: Pick<KernelWatch, 'command' | 'reports' | 'histograms' | 'away' | 'ownNamespaces'>,
  /** Whether the configuration has a probe on. */
  wanted: (probe: string) => boolean,
  log: { warn(fields: object, message: string): void },
): Measurer {
  const sessions = new Map<string, Session>();
  /** Probes that were off, with how many measurements want them. */
  const switchedOn = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };

  async function switchOn(probe: string): Promise<string | null> {
    const users = switchedOn.get(probe) ?? 0;
    const known = watch.reports().find(({ name }) => name === probe);
    if (known?.state === 'on' && users === 0) return null; // it was on before, and stays so
    if (users === 0 && wanted(probe)) return "it is configured to be on, and off: the agent's budget took it back";
    try {
      if (users === 0) await watch.command(`on ${probe}`);
      switchedOn.set(probe, users + 1);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function release({ probes }: Session): Promise<void> {
    for (const probe of probes) {
      const users = switchedOn.get(probe);
      if (users === undefined) continue;
      if (users > 1) {
        switchedOn.set(probe, users - 1);
        continue;
      }
      switchedOn.delete(probe);
      // It may have been configured to be on meanwhile.
      if (!wanted(probe)) await watch.command(`off ${probe}`);
    }
  }

  return {
    begin: (name, probes, forMs) =>
      inTurn(async () => {
        const away = watch.away();
        if (away !== null) throw new Error(`no eBPF probes run on this node: ${away}`);
        if (sessions.has(name)) throw new Error(`${name} is measured already`);
        if (sessions.size >= MOST) throw new Error(`${MOST} measurements are under way on this node already`);
        const refused: { probe: string; reason: string }[] = [];
        for (const probe of new Set(probes)) {
          const reason = await switchOn(probe);
          if (reason !== null) refused.push({ probe, reason });
        }
        // What stands still from now until the end: the iterators compare two looks.
        await watch.command('look');
        await watch.command('flush');
        const usable = [...new Set(probes)].filter((probe) => !refused.some((one) => one.probe === probe));
        const before = new Map(ofPeers(watch).map((histogram) => [keyOf(histogram), histogram]));
        const session: Session = { probes: usable, before, timer: undefined };
        sessions.set(name, session);
        session.timer = setTimeout(() => {
          sessions.delete(name);
          inTurn(() => release(session)).catch((err: unknown) =>
            log.warn({ err, name }, 'probes of a measurement that nobody ended could not be switched off'),
          );
        }, forMs).unref();
        return refused;
      }),
    end: (name) =>
      inTurn(async () => {
        const session = sessions.get(name);
        if (session === undefined) throw new Error(`${name} is not measured here`);
        sessions.delete(name);
        clearTimeout(session.timer);
        await watch.command('look');
        await watch.command('flush');
        const after = ofPeers(watch);
        await release(session);
        const own = await watch.ownNamespaces(after.map(({ netns }) => netns));
        return after
          .filter(({ probe, netns }) => session.probes.includes(probe) && (netns === 0 || own(netns)))
          .flatMap((now) => grown(now, session.before.get(keyOf(now))))
          .slice(0, MOST_HISTOGRAMS);
      }),
  };
}

function grown(now: ToldHistogram, before: ToldHistogram | undefined): MeasuredHistogram[] {
  const count = now.count - (before?.count ?? 0);
  if (count <= 0) return [];
  const { probe, metric, netns, peer } = now;
  return [
    {
      probe,
      metric,
      netns,
      peer: peer.address,
      count,
      sum: now.sum - (before?.sum ?? 0),
      buckets: now.buckets.map((n, i) => n - (before?.buckets[i] ?? 0)),
    },
  ];
}
