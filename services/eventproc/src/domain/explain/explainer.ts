/**
 * Incidents explain themselves: each that is open asks for a diagnosis of the very connection its packets belong to, through
 * the api as anybody would, and keeps what was found. Few at a time and so many a minute. What was found is checked again while it is seen.
 */
import { ConnectionError, createClient, ProblemError } from '@netverdict/sdk';
import { type ClaimRules, type Incident, type IncidentToExplain, isUnavailable, type Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { Settings } from '../incident.ts';
import { keepAnswer } from './keep-answer.ts';
import { type Question, questionsOf } from './question.ts';
import { type Judgement, judgementOf, notAnswered, notAskable } from './verdict.ts';

export interface ExplainerOptions {
  readonly apiUrl: string;
  readonly token: string;
  readonly perMinute: number;
}

export interface Explainer {
  /** An incident is there, or has changed. */
  wake(): void;
  stop(): Promise<void>;
}

/** Questions under way at this replica. */
const WIDTH = 4;
/** The api's own deadline is a minute. */
const ANSWER_MS = 90_000;
const LOOK_EVERY_MS = 2000;
/** Between two looks, however often it is woken. */
const LEAST_MS = 100;

const RULES: Omit<ClaimRules, 'limit' | 'perMinute'> = {
  kinds: ['packet-drop', 'tcp-connect-fail', 'icmp-error-received', 'neighbour-fail', 'tcp-retransmission'],
  onlyReasons: { 'tcp-retransmission': ['SYN', 'SYN_ACK'] },
  checkMs: 15_000,
  againMs: 300_000,
  staleMs: 2 * ANSWER_MS,
  retryMs: 60_000,
};

type Answered = Judgement & { readonly diagnosisId: string | null };

export interface ExplainerParts {
  readonly store: Pick<Store, 'explanations' | 'together'>;
  readonly options: ExplainerOptions;
  readonly settings: Settings;
  readonly log: Log;
  /** An incident is open that no event has opened: its cause has followed another. */
  readonly onOpened: (incident: Incident) => void;
}

export function startExplainer({ store, options, settings, log, onOpened }: ExplainerParts): Explainer {
  const client = createClient({ baseUrl: options.apiUrl, token: options.token });
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let lookAgain = false;

  async function look(): Promise<void> {
    const limit = WIDTH - underWay.size;
    if (limit <= 0) return;
    const claimed = await store.explanations.claim({ ...RULES, limit, perMinute: options.perMinute });
    for (const incident of claimed) {
      const work = explain(incident).finally(() => {
        underWay.delete(work);
        wake();
      });
      underWay.add(work);
    }
  }

  async function explain(incident: IncidentToExplain): Promise<void> {
    try {
      const { diagnosisId, state, verdict } = await answerTo(incident);
      const answer = { incident, askedAt: incident.askedAt, state, diagnosisId, verdict };
      const opened = await keepAnswer(store, answer, settings, Date.now());
      log.info({ incident: incident.id, diagnosisId, state, cause: verdict.cause }, 'an incident was diagnosed');
      if (opened === null) return;
      log.info({ incident: incident.id, by: opened.id }, 'its cause is another now: another incident');
      onOpened(opened);
    } catch (err) {
      // It stays asked, and is asked again when that is old.
      if (!stopping.signal.aborted) log.warn({ err, incident: incident.id }, 'an incident could not be diagnosed');
    }
  }

  async function answerTo(incident: IncidentToExplain): Promise<Answered> {
    const answer = await firstExplained(incident, questionsOf(incident), 0);
    const before = incident.verdict;
    if (incident.cause === null || answer.verdict.cause === incident.cause || !before?.question || !before.packet)
      return answer;
    // Its newest packets have another cause, or none. Is what was found over, or does it hold for the packets of then? That stays said.
    const { sourcePort: _, ...request } = before.question;
    const again = await firstExplained(incident, [{ request, packet: before.packet }], 10);
    return again.verdict.cause === incident.cause ? again : answer;
  }

  /** @param from the number of the first question: with the time of asking it names it */
  async function firstExplained(
    incident: IncidentToExplain,
    questions: readonly Question[],
    from: number,
  ): Promise<Answered> {
    let answer: Answered = { ...notAskable, diagnosisId: null };
    for (const [n, question] of questions.entries()) {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_MS)]);
      // The same question after a crash is the same diagnosis.
      const idempotencyKey = `incident/${incident.id}/${incident.askedAt}/${from + n}`;
      try {
        const document = await client.diagnose(question.request, { idempotencyKey, signal });
        answer = { ...judgementOf(document, question), diagnosisId: document.id };
      } catch (error) {
        if (!(error instanceof ProblemError || error instanceof ConnectionError)) throw error;
        log.warn({ err: error, incident: incident.id }, 'the api did not answer for an incident');
        answer = { ...notAnswered(question, error.message), diagnosisId: null };
      }
      if (answer.state === 'explained') break;
    }
    return answer;
  }

  function run(): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    looking = true;
    lookAgain = false;
    look()
      .catch((err: unknown) => {
        if (isUnavailable(err)) log.info({ err }, 'incidents cannot be looked at just now');
        else log.error({ err }, 'incidents could not be looked at');
      })
      .finally(() => {
        looking = false;
        timer = setTimeout(run, lookAgain ? LEAST_MS : LOOK_EVERY_MS);
      });
  }

  function wake(): void {
    if (looking || lookAgain || stopping.signal.aborted) {
      lookAgain = true;
      return;
    }
    lookAgain = true;
    clearTimeout(timer);
    timer = setTimeout(run, LEAST_MS);
  }

  run();
  return {
    wake,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}
