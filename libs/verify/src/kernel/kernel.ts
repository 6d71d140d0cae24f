/** The kernel's side of a judgement: worlds brought up in namespaces of their own, collected by the agent's helper, tried with packets. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Helper, type HelperLog, type HelperSection, startHelper } from '@netverdict/collect';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec, NamespaceSpec, WorldSpec } from '../world/spec.ts';
import {
  bridgeStage,
  deviceSysctls,
  fillingStage,
  firstSysctls,
  hasNftRules,
  hasRules,
  type LinesCommand,
  lateStage,
  linkStages,
  refillStage,
  sockets,
} from './bring-up.ts';
import { connectionsOf } from './connections.ts';
import { type AttemptAnswer, flowCommand, observationOf } from './flow.ts';
import { buildProber } from './native.ts';
import { type Prober, startProber } from './prober.ts';
import { countRouteErrors, mostPieces } from './route-errors.ts';
import { iptablesNftTables, legacyCounts, type NftRule, nftPositions, type Positions } from './rules-seen.ts';
import { complainedLine, WorldRefused } from './world-refused.ts';

export interface KernelOptions {
  /** Path of the prober; by default the one of this package, built anew when its source is newer. */
  readonly proberPath?: string;
  /** Path of the agent's collecting helper; by default where scripts/setup.sh builds it. */
  readonly helperPath?: string;
  readonly log?: HelperLog;
}

export interface RunningWorld {
  readonly namespaces: ReadonlyMap<string, { readonly path: string; readonly inode: number }>;
  /** All sections of each namespace as the agent collects them, with the conntrack entries of these flows. */
  collect(flows: readonly FlowSpec[]): Promise<ReadonlyMap<string, readonly HelperSection[]>>;
  /**
   * Sends a flow as often as it says, one packet after the other.
   * @param toldOfRoutes namespaces that a router is thought to send an error of its routes, and how many: see route-errors.ts
   */
  observe(flow: FlowSpec, toldOfRoutes?: ReadonlyMap<string, number>): Promise<readonly Observation[]>;
  close(): Promise<void>;
}

export interface Kernel {
  /** One world at a time. @throws WorldRefused where a tool refuses a line, later also where packets go round without end */
  bringUp(spec: WorldSpec): Promise<RunningWorld>;
  close(): Promise<void>;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const DEFAULTS = {
  helperPath: resolve(root, 'services/collector-agent/native/build/netverdict-collect'),
};
const SILENT: HelperLog = { info: () => {}, warn: () => {} };

export async function startKernel(options: KernelOptions = {}): Promise<Kernel> {
  const { helperPath } = { ...DEFAULTS, ...options };
  const prober = await startProber(options.proberPath ?? (await buildProber()));
  const helper = startHelper(helperPath, options.log ?? SILENT);
  let busy = false;
  return {
    async bringUp(spec) {
      if (busy) throw new Error('a world is up: close it first');
      busy = true;
      const close = async (): Promise<void> => {
        if (!busy) return;
        busy = false;
        await prober.ask([{ fields: ['close'] }]);
      };
      try {
        return await bringUp({ prober, helper, spec, close });
      } catch (error) {
        await close();
        throw error;
      }
    },
    async close() {
      await Promise.all([prober.close(), helper.close()]);
    },
  };
}

interface Bringing {
  readonly prober: Prober;
  readonly helper: Helper;
  readonly spec: WorldSpec;
  readonly close: () => Promise<void>;
}

async function bringUp({ prober, helper, spec, close }: Bringing): Promise<RunningWorld> {
  const names = spec.namespaces.map((ns) => ns.name);
  const [opened] = await prober.ask([{ fields: ['open', ...names] }]);
  const made = (opened as { namespaces: { fd: number; inode: number }[] }).namespaces;
  const namespaces = new Map(
    made.map(({ fd, inode }, index) => [names[index] as string, { path: `/proc/${prober.pid}/fd/${fd}`, inode }]),
  );
  const pathOf = (name: string): string | undefined => namespaces.get(name)?.path;

  await askLines(prober, firstSysctls(spec));
  for (const stage of linkStages(spec, pathOf)) await runTools(prober, stage);
  await prober.ask(names.map((name) => ({ fields: ['links', name] })));
  await askLines(prober, deviceSysctls(spec));
  await runTools(prober, fillingStage(spec, pathOf));
  await prober.ask([{ fields: ['ready'] }]);
  await runTools(prober, bridgeStage(spec, pathOf));
  await askLines(prober, sockets(spec));
  const late = lateStage(spec, pathOf);
  if (late.length > 0) {
    await runTools(prober, late);
    await prober.ask([{ fields: ['ready'] }]);
  }

  const judged = spec.namespaces.filter(hasRules);
  await prober.ask(judged.map((ns) => ({ fields: ['watch', ns.name] })));
  const positions = new Map<string, Positions>();
  for (const ns of judged) positions.set(ns.name, await readPositions(prober, helper, ns, pathOf(ns.name) as string));

  const routeErrors = countRouteErrors(() => performance.now());
  const send = async (
    flow: FlowSpec,
    hold: boolean,
    told: ReadonlyMap<string, number>,
    first = 0,
  ): Promise<readonly Observation[]> => {
    routeErrors.sending();
    const [answer] = await prober.ask([flowCommand(flow, hold)]);
    const { attempts, endless } = answer as { attempts: AttemptAnswer[]; endless: boolean };
    if (endless) throw new WorldRefused(goesRound(flow));
    return attempts.map((attempt, n) =>
      routeErrors.note(flow, observationOf({ flow, number: first + n, attempt, names, positions }), told),
    );
  };
  // What nobody has foretold may have cost its sender an error of a route, and whoever answered it, be it lost on its way.
  for (const flow of spec.prelude) await send(flow, true, new Map(names.map((name) => [name, mostPieces(flow)])));
  const refill = refillStage(spec, pathOf);
  await runTools(prober, refill);
  // From now on neighbours and connections are put back before each packet to what is there now, or at the last collection.
  const keep = (): Promise<unknown> => prober.ask([{ fields: ['taught'] }]);
  await keep();

  return {
    namespaces,
    async collect(flows) {
      await keep();
      const filters = connectionsOf(flows, spec);
      const knownPaths = [...namespaces.values()].map((ns) => ns.path);
      const sections = new Map<string, readonly HelperSection[]>();
      for (const [name, { path }] of namespaces)
        sections.set(
          name,
          (await helper.collect({ path, kinds: null, flows: filters, knownPaths, timeLimitMs: 10_000 })).sections,
        );
      return sections;
    },
    async observe(flow, toldOfRoutes = new Map()) {
      if (refill.length === 0) return send(flow, false, toldOfRoutes);
      const seen: Observation[] = [];
      for (let attempt = 0; attempt < flow.repeat; attempt++) {
        await runTools(prober, refill);
        const once = { ...flow, sport: flow.sport + attempt, repeat: 1 };
        seen.push(...(await send(once, false, toldOfRoutes, attempt)));
      }
      return seen;
    },
    close,
  };
}

/** Tunnelled errors that are answered with errors: such a world never becomes quiet, and nothing more can be seen in it. */
const goesRound = ({ from, id }: FlowSpec) => ({
  namespace: from,
  tool: 'the kernel',
  line: `flow ${id}`,
  message: 'its packets go round without end',
});

/** Commands whose answers say errno where the kernel refuses them. */
async function askLines(prober: Prober, commands: readonly LinesCommand[]): Promise<void> {
  const answers = await prober.ask(commands);
  answers.forEach((answer, index) => {
    const errno = (answer as { errno?: string }).errno;
    const command = commands[index];
    if (errno === undefined || command === undefined) return;
    throw new WorldRefused({ ...command, line: command.lines[0] ?? null, message: errno });
  });
}

async function runTools(prober: Prober, commands: readonly LinesCommand[]): Promise<void> {
  if (commands.length === 0) return;
  const answers = await prober.ask([...commands, { fields: ['go'] }]);
  const { runs } = answers.at(-1) as { runs: { code: number; output: string }[] };
  runs.forEach(({ code, output }, index) => {
    const command = commands[index];
    // -1: not run, because one before it in its namespace failed.
    if (code <= 0 || command === undefined) return;
    const number = complainedLine(output);
    const line = number === null ? null : (command.lines[number - 1] ?? null);
    throw new WorldRefused({ ...command, line, message: output.trim().slice(0, 1000) || `exit code ${code}` });
  });
}

async function readPositions(prober: Prober, helper: Helper, ns: NamespaceSpec, path: string): Promise<Positions> {
  let rules: readonly NftRule[] = [];
  if (hasNftRules(ns)) {
    const [answer] = await prober.ask([{ fields: ['positions', ns.name] }]);
    const read = answer as { rules: NftRule[]; complete: boolean };
    if (!read.complete) throw new Error(`the rules of ${ns.name} could not be read whole`);
    rules = read.rules;
  }
  const { sections } = await helper.collect({
    path,
    kinds: ['iptables-save', 'ip6tables-save', 'iptables-nft-save', 'ip6tables-nft-save'],
    flows: [],
    knownPaths: [],
    timeLimitMs: 10_000,
  });
  return {
    nft: nftPositions(rules),
    legacy: legacyCounts(sections),
    iptablesNft: iptablesNftTables(sections),
  };
}
