/** One run: everything is started, asked, broken and mended; then what became of all that was accepted is counted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, removeEngines } from '@netverdict/embedded';
import { inflict } from './inflict.ts';
import type { Asked, AskerOptions } from './ledger/asker-main.ts';
import { type Counts, complaints, type Ended, judge, REGISTERED } from './ledger/judge.ts';
import { readLedger } from './ledger/lines.ts';
import type { ReceiverOptions, Told } from './ledger/receiver-main.ts';
import { type Fault, nameOf } from './plan.ts';
import { QUESTIONS } from './recorded/world.ts';
import { type System, startSystem, type Without } from './system.ts';

export interface RunOptions {
  /** Path of the other network namespace. */
  readonly there: string;
  readonly diagnoses: number;
  readonly perSecond: number;
  readonly plan: (system: Pick<System, 'services'>) => readonly Fault[];
  readonly without: Without | null;
  /** With eventproc, of which nothing is asked here. */
  readonly events: boolean;
  readonly deadlineMs: number;
  readonly say: (line: string) => void;
  /** The folder stays when something is wrong. */
  readonly keep: boolean;
  /** Ends the run and tidies up. */
  readonly signal: AbortSignal;
}

export interface Report {
  readonly counts: Counts;
  readonly faults: Readonly<Record<string, number>>;
  /** The most that each process took, in MiB. */
  readonly memory: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Empty: good. */
  readonly complaints: readonly string[];
  readonly dir: string;
}

/** Per process, twice what they take at rest: what is not bounded goes beyond it with a thousand diagnoses. */
const MOST_MIB = 450;
const SETTLE_MS = 30_000;
/** Two retries of a webhook after a receiver's pause; so long nothing came. */
const WEBHOOKS_MS = 90_000;

export async function runChaos(options: RunOptions): Promise<Report> {
  const { there, diagnoses, without, deadlineMs, say } = options;
  const dir = mkdtempSync(join(tmpdir(), 'nv-chaos-'));
  const began = performance.now();
  let system: System | undefined;
  let good = false;
  try {
    system = await startSystem({ dir, there, without, deadlineMs, events: options.events });
    const { processes, apis, token, secret } = system;
    say(`everything runs after ${seconds(began)} s`);
    const [askedFile, toldFile] = [join(dir, 'asked.jsonl'), join(dir, 'told.jsonl')];
    const port = await freePort();
    const receiver = `http://127.0.0.1:${port}`;
    const call = (path: string, init: RequestInit = {}): Promise<Response> =>
      callAny(apis, path, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    const secrets = [secret, await register(call, `${receiver}${REGISTERED}`)];
    const receiving: ReceiverOptions = { port, ledger: toldFile, secrets, turnAwayOneIn: 50 };
    processes.start({
      name: 'receiver',
      main: 'tests/chaos/ledger/receiver-main.ts',
      args: [JSON.stringify(receiving)],
    });
    const sampling = setInterval(() => processes.sample(), 500);
    const plan = options.plan(system);
    const asking: AskerOptions = {
      apis,
      token,
      ledger: askedFile,
      count: diagnoses,
      perSecond: options.perSecond,
      callback: `${receiver}/callback`,
      keys: 'k',
    };
    processes.start({ name: 'asker', main: 'tests/chaos/ledger/asker-main.ts', args: [JSON.stringify(asking)] });
    const asked = processes.ended('asker');
    const whole = inflict(system, there, plan, say).then(() => say(`all is whole again after ${seconds(began)} s`));
    await orAborted(Promise.all([whole, asked]), options.signal);
    say(`all is asked after ${seconds(began)} s`);

    const lines = readLedger<Asked>(askedFile);
    const ids = lines.flatMap((line) => ('id' in line ? [line.id] : []));
    const ends = await endsOf(call, ids, deadlineMs + SETTLE_MS);
    say(`the diagnoses have come to their ends after ${seconds(began)} s`);
    const count = (): Counts =>
      judge(
        lines,
        QUESTIONS.map(({ answer }) => answer),
        ends,
        readLedger<Told>(toldFile),
      );
    let end = performance.now() + WEBHOOKS_MS;
    for (let before = Infinity, now = count(); now.webhooksMissing > 0; now = count()) {
      if (now.webhooksMissing < before) end = performance.now() + WEBHOOKS_MS;
      before = now.webhooksMissing;
      // Who is never finished is never told of.
      if (performance.now() > end || now.lost > 0) break;
      await pause(500);
    }
    clearInterval(sampling);
    processes.sample();
    const memory = Object.fromEntries([...processes.most].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const counts = count();
    const found = [
      ...complaints(counts, diagnoses, Math.floor(diagnoses / 50)),
      ...processes.died.map((name) => `ended by itself: ${name}`),
      ...Object.entries(memory).flatMap(([name, mib]) => (mib > MOST_MIB ? [`${name} took ${mib} MiB`] : [])),
    ];
    good = found.length === 0;
    const faults: Record<string, number> = {};
    for (const fault of plan) faults[nameOf(fault)] = (faults[nameOf(fault)] ?? 0) + 1;
    return { counts, faults, memory, seconds: seconds(began), complaints: found, dir };
  } finally {
    await system?.stop();
    await removeEngines(join(dir, 'engines'));
    if (good || !options.keep) rmSync(dir, { recursive: true, force: true });
  }
}

/** @throws the signal's reason, also when that came while the system was starting */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const seconds = (since: number): number => Math.round((performance.now() - since) / 1000);

type Call = (path: string, init?: RequestInit) => Promise<Response>;

/** Whichever replica answers: one may be away, or just not have noticed that something is back. */
async function callAny(apis: readonly string[], path: string, init: RequestInit): Promise<Response> {
  for (let n = 0; ; n++)
    try {
      const response = await fetch(`${apis[n % apis.length]}${path}`, { ...init, signal: AbortSignal.timeout(5000) });
      if (response.status < 500) return response;
      await response.body?.cancel();
      throw new Error(`${path}: ${response.status}`);
    } catch (error) {
      if (n > 60) throw error;
      await pause(500);
    }
}

/** @returns with what it will be signed */
async function register(call: Call, url: string): Promise<string> {
  const eventTypes = ['diagnosis.completed', 'diagnosis.failed'];
  const answer = await call('/api/v1/webhooks', { method: 'POST', body: JSON.stringify({ url, eventTypes }) });
  if (answer.status !== 201) throw new Error(`the webhook was not taken: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { secret: string }).secret;
}

interface Document {
  readonly status: string;
  readonly verdict?: { readonly outcome: string } | null;
  readonly problem?: { readonly type: string } | null;
}

/** Of every one, asked for by its id: until all have ended, or nobody can be waited for any longer. */
async function endsOf(call: Call, ids: readonly string[], withinMs: number): Promise<Map<string, Ended | null>> {
  const ends = new Map<string, Ended | null>();
  let open = [...new Set(ids)];
  for (const end = performance.now() + withinMs; ; await pause(500)) {
    const queue = [...open];
    const look = async (): Promise<void> => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) ends.set(id, await endOf(call, id));
    };
    await Promise.all(Array.from({ length: 8 }, look));
    open = open.filter((id) => !['completed', 'failed'].includes(ends.get(id)?.status ?? ''));
    if (open.length === 0 || performance.now() > end) return ends;
  }
}

async function endOf(call: Call, id: string): Promise<Ended | null> {
  const response = await call(`/api/v1/diagnoses/${id}`);
  const { status, verdict, problem } = (await response.json()) as Document;
  if (response.status !== 200) return null;
  const type = problem?.type.replace('urn:netverdict:problem:', '') ?? null;
  return { status, outcome: verdict?.outcome ?? null, problem: type };
}
