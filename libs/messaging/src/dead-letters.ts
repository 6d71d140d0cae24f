/** The dead letters for a person to look at: read one by one from their stream, sent once more, or dropped. For who may (bus-users.ts: the api). */
import { JetStreamApiError } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { CATALOG, DEADLETTER_STREAM, type MessageName, subjectOf } from '@netverdict/contracts';
import { type DeadLetter, MAX_KEPT_BYTES } from './dead-letter.ts';
import { BusUnavailable, isNoResponders, isPermission, NotPermitted, reasonOf } from './errors.ts';
import type { Link } from './link.ts';
import { type Published, sendStored } from './publish.ts';
import { ENCODING, unpack } from './wire.ts';

export interface StoredDeadLetter {
  /** In the stream of dead letters. */
  readonly seq: number;
  readonly letter: DeadLetter;
  /** By its subject; null: no message of ours. */
  readonly message: MessageName | null;
  /** Bytes of the message as it came; cut ones cannot be sent once more. */
  readonly bytes: number;
  readonly cut: boolean;
}

export interface DeadLetters {
  /** The oldest after `after`; null: there is none. @throws BusUnavailable */
  next(after: number, stream?: string): Promise<StoredDeadLetter | null>;
  /** How many there are. */
  count(): Promise<number>;
  get(seq: number): Promise<StoredDeadLetter | null>;
  /** The message uncompressed; null: it cannot be read. */
  text(dead: StoredDeadLetter): Promise<string | null>;
  /** The message to its own subject, under its own id, then the letter is removed. Twice within two minutes sends it once. */
  redeliver(dead: StoredDeadLetter): Promise<Published>;
  /** @returns false: it was not there */
  remove(seq: number): Promise<boolean>;
}

const NO_MESSAGE = 10037;
const DELETE_FAILED = 10057;
const NO_STREAM = 10059;
const ZSTD = '28b52ffd';

const bytesOf = ({ data }: DeadLetter): Buffer => Buffer.from(data, 'base64');
/** Letters of before this was written down are known by how zstd's frames begin. */
const encodingOf = (letter: DeadLetter): string =>
  letter.encoding ?? (bytesOf(letter).subarray(0, 4).toString('hex') === ZSTD ? 'zstd' : '');

const headersOf = (letter: DeadLetter): ReturnType<typeof headers> => {
  const hdrs = headers();
  const encoding = encodingOf(letter);
  if (encoding !== '') hdrs.set(ENCODING, encoding);
  return hdrs;
};

function messageOf(subject: string): MessageName | null {
  const tokens = subject.split('.');
  const fits = (pattern: readonly string[]): boolean =>
    pattern.length === tokens.length && pattern.every((token, i) => token === '*' || token === tokens[i]);
  const stored = (Object.keys(CATALOG) as MessageName[]).filter((name) => CATALOG[name].stream !== null);
  return stored.find((name) => fits(subjectOf(name, null).split('.'))) ?? null;
}

export function deadLettersOf(link: Link): DeadLetters {
  async function asked<T>(work: () => Promise<T>, none: T): Promise<T> {
    try {
      return await link.unlessLost(work());
    } catch (error) {
      if (error instanceof JetStreamApiError && [NO_MESSAGE, NO_STREAM].includes(error.code)) return none;
      if (isPermission(error)) throw new NotPermitted('may not work with dead letters', { cause: error });
      const why = isNoResponders(error) ? 'JetStream is not there' : reasonOf(error);
      throw new BusUnavailable(`dead letters: ${why}`, { cause: error });
    }
  }
  async function read(query: {
    readonly seq: number;
    readonly next_by_subj?: string;
  }): Promise<StoredDeadLetter | null> {
    // The client's types leave out that both can be asked for together, which the server has taken since 2.9.
    const found = await asked(() => link.jsm.streams.getMessage(DEADLETTER_STREAM, query as { seq: number }), null);
    if (found === null) return null;
    const letter = JSON.parse(Buffer.from(await unpack(found.data, found.header)).toString()) as DeadLetter;
    const kept = bytesOf(letter).length;
    const bytes = letter.bytes ?? kept;
    return {
      ...{ seq: found.seq, letter, message: messageOf(letter.subject), bytes },
      cut: letter.bytes === undefined ? kept >= MAX_KEPT_BYTES : kept < bytes,
    };
  }
  async function remove(seq: number): Promise<boolean> {
    try {
      return await link.unlessLost(link.jsm.streams.deleteMessage(DEADLETTER_STREAM, seq));
    } catch (error) {
      // The server tells one number for all that can go wrong with it.
      const refused = error instanceof JetStreamApiError && error.code === DELETE_FAILED;
      if (refused && (await read({ seq })) === null) return false;
      return asked(() => Promise.reject(error), false);
    }
  }
  return {
    next: (after, stream) => read({ seq: after + 1, next_by_subj: `deadletter.${stream ?? '*'}` }),
    count: () => asked(async () => (await link.jsm.streams.info(DEADLETTER_STREAM)).state.messages, 0),
    get: (seq) => read({ seq }),
    async text({ letter, cut }) {
      if (cut) return null;
      try {
        return Buffer.from(await unpack(bytesOf(letter), headersOf(letter))).toString('utf8');
      } catch {
        return null;
      }
    },
    async redeliver({ seq, letter, cut }) {
      if (cut) throw new Error(`dead letter ${seq} was cut: it is not the whole message`);
      const hdrs = headersOf(letter);
      // Not the message's own: within two minutes of the first time the server would drop it as a repetition.
      hdrs.set('Nats-Msg-Id', `redelivered/${letter.stream}/${letter.consumer}/${letter.seq}/${seq}`);
      const to = { stream: letter.stream, subject: letter.subject };
      const published = await sendStored(link, to, { payload: bytesOf(letter), headers: hdrs }, 5000);
      await remove(seq);
      return published;
    },
    remove,
  };
}
