/**
 * Who asks, a process of its own: each question until it is answered for good, under one idempotency key, at one replica after the other.
 * What was accepted goes into its ledger; it knows nothing of the rest.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { QUESTIONS } from '../recorded/world.ts';
import { openLedger } from './lines.ts';

export interface AskerOptions {
  readonly apis: readonly string[];
  readonly token: string;
  readonly ledger: string;
  readonly count: number;
  readonly perSecond: number;
  /** Of the receiver; the key follows. */
  readonly callback: string;
  readonly keys: string;
}

/** A line of the ledger. */
export type Asked =
  | { readonly key: string; readonly question: number; readonly id: string; readonly tries: number }
  | { readonly key: string; readonly question: number; readonly refused: number; readonly body: string };

const ANSWER_MS = 6000;

async function ask(options: AskerOptions, n: number, write: (line: Asked) => void): Promise<void> {
  const key = `${options.keys}-${n}`;
  const question = n % QUESTIONS.length;
  const body = JSON.stringify({ ...QUESTIONS[question]?.ask, callbackUrl: `${options.callback}/${key}` });
  for (let tries = 1; ; tries++) {
    const api = options.apis[(n + tries) % options.apis.length] ?? '';
    let wait = Math.min(100 * tries, 1000);
    try {
      const response = await fetch(`${api}/api/v1/diagnoses`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${options.token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await response.text();
      if (response.status === 202) return write({ key, question, id: (JSON.parse(text) as { id: string }).id, tries });
      if (response.status < 500 && response.status !== 429)
        return write({ key, question, refused: response.status, body: text });
      wait = Math.max(wait, Number(response.headers.get('retry-after') ?? 0) * 1000);
    } catch {
      // No answer: whether it was accepted, the same key will tell.
    }
    await pause(wait);
  }
}

const options = JSON.parse(process.argv[2] ?? '') as AskerOptions;
const write = openLedger(options.ledger);
const began = performance.now();
const under: Promise<void>[] = [];
for (let n = 0; n < options.count; n++) {
  await pause(Math.max(0, began + (n * 1000) / options.perSecond - performance.now()));
  under.push(ask(options, n, write));
}
await Promise.all(under);
