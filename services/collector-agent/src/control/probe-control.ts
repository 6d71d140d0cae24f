/**
 * What each probe does now, of what is wanted: the configuration, under what the budget takes back. Both may change at any time, and the
 * sidecar may be away: what could not be said is said again until it was.
 */
import {
  type AgentConfiguration,
  CONFIGURABLE_PROBES,
  type ConfigurationReport,
  type ProbeReport,
  type ProbeSettings,
} from '@netverdict/contracts';
import { commandsFor, filterText } from './probe-commands.ts';

/** What the budget takes back of a probe: it looks at one of so many events only, or is off. */
export type Restraint = { readonly oneIn: number } | 'off';

export interface ProbeControl {
  /** In place of the configuration before; resolves when the probes do it, as far as they can. */
  configure(configuration: AgentConfiguration): Promise<void>;
  restrain(restraints: ReadonlyMap<string, Restraint>): Promise<void>;
  /** Whether the configuration has the probe on, whatever the budget says. */
  wanted(probe: string): boolean;
  report(): ConfigurationReport;
  settings(probe: string): ProbeReport['settings'];
  stop(): void;
}

const AGAIN_MS = 5000;
const NAMES = Object.keys(CONFIGURABLE_PROBES);

type Problem = ConfigurationReport['problems'][number];

export function probeControl(options: {
  readonly command: (text: string) => Promise<void>;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  readonly againMs?: number;
}): ProbeControl {
  const { command, log, againMs = AGAIN_MS } = options;
  let configuration: AgentConfiguration = { version: 0, probes: {} };
  let restraints: ReadonlyMap<string, Restraint> = new Map();
  /** What each probe was last told, as text; what it never was told is as it is by default. */
  const done = new Map<string, string>();
  const problems = new Map<string, readonly Problem[]>();
  let working: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const onByDefault = (probe: string): boolean => CONFIGURABLE_PROBES[probe]?.on ?? false;

  function desired(probe: string): ProbeSettings {
    const configured = configuration.probes[probe] ?? {};
    const restraint = restraints.get(probe);
    if (restraint === undefined) return configured;
    if (restraint === 'off') return { ...configured, enabled: false };
    return { ...configured, oneIn: (configured.oneIn ?? 1) * restraint.oneIn };
  }

  async function apply(probe: string): Promise<void> {
    const settings = desired(probe);
    const text = JSON.stringify(settings);
    if ((done.get(probe) ?? '{}') === text) return;
    const refused: Problem[] = [];
    let away = false;
    for (const { setting, text: line } of commandsFor(probe, settings, onByDefault(probe))) {
      try {
        await command(line);
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        // A probe that this kernel refuses and that nobody asked for is no problem of the configuration.
        if (setting === 'enabled' && settings.enabled === undefined) continue;
        refused.push({ probe, setting, problem });
        away ||= /^the sidecar (does not run|stopped)/.test(problem);
      }
    }
    if (refused.length === 0) problems.delete(probe);
    else problems.set(probe, refused);
    // What the sidecar itself refuses it will refuse again; what it did not hear is said again.
    if (!away) done.set(probe, text);
    else again();
    if (refused.length > 0) log.warn({ probe, refused }, 'a probe cannot do what it is configured to');
  }

  function again(): void {
    if (timer !== undefined || stopped) return;
    timer = setTimeout(() => {
      timer = undefined;
      void reconcile();
    }, againMs);
  }

  function reconcile(): Promise<void> {
    working = working.then(async () => {
      for (const probe of NAMES) if (!stopped) await apply(probe);
    });
    return working;
  }

  return {
    async configure(next) {
      const unknown = Object.keys(next.probes).filter((probe) => !NAMES.includes(probe));
      configuration = next;
      for (const probe of [...problems.keys()]) if (!NAMES.includes(probe)) problems.delete(probe);
      for (const probe of unknown)
        problems.set(probe, [{ probe, setting: 'name', problem: 'no such probe in this agent' }]);
      await reconcile();
      log.info({ version: next.version, problems: problems.size }, 'the probes are configured');
    },
    async restrain(next) {
      restraints = next;
      await reconcile();
    },
    wanted: (probe) => configuration.probes[probe]?.enabled ?? onByDefault(probe),
    report: () => ({ version: configuration.version, problems: [...problems.values()].flat() }),
    settings(probe) {
      const { threshold, samples, oneIn, filter, enabled } = desired(probe);
      const text = filter === undefined ? null : filterText(filter);
      const restrained = restraints.has(probe);
      const all = { threshold, samples, oneIn, filter: text ?? undefined };
      const named = Object.entries(all).filter(([, value]) => value !== undefined);
      if (named.length === 0 && enabled === undefined && !restrained) return undefined;
      return { ...Object.fromEntries(named), because: restrained ? 'budget' : 'configuration' };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

export const withSettings = (report: ProbeReport, settings: ProbeReport['settings']): ProbeReport =>
  settings === undefined ? report : { ...report, settings };
