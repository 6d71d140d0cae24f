/**
 * Messages as bytes: the envelope around the body, checked against the catalog's schema once at each edge.
 * Large ones are compressed (zstd), since a message must fit NATS's max_payload of 1 MB by default.
 */
import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { CATALOG, Envelope, type MessageBody, type MessageName, subjectToken } from '@netverdict/contracts';
import { context, propagation } from '@opentelemetry/api';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { stringify } from './json-text.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const COMPRESS_FROM_BYTES = 32 * 1024;
/** So little is done in place: handing it to the thread pool and back costs more. */
const AT_ONCE_BYTES = 512 * 1024;
const INFLATE_AT_ONCE_BYTES = 32 * 1024;
/** A guard against a small message that inflates without end. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;
export const ENCODING = 'Nv-Encoding';

/** The bytes are no message of the catalog. Its message says where. */
export class InvalidMessage extends Error {
  override readonly name = 'InvalidMessage';
}

const checkEnvelope = Compile(Envelope);
type Compiled = ReturnType<typeof Compile>;
const compiled = new Map<MessageName, Compiled>();

/** Compiled on first use: a service meets three or four of the catalog's messages. */
function bodySchema(message: MessageName): Compiled {
  const known = compiled.get(message);
  if (known) return known;
  const fresh = Compile(CATALOG[message].schema as TSchema);
  compiled.set(message, fresh);
  return fresh;
}

function explain(what: string, schema: Pick<Compiled, 'Errors'>, value: unknown): string {
  const errors = schema
    .Errors(value)
    .slice(0, 3)
    .map((e) => `${e.instancePath || '/'} ${e.message}`);
  return `${what}: ${errors.join('; ')}`;
}

export interface Encoded {
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs;
}

/** @throws InvalidMessage when the body is not the catalog's: our own bug, told before anyone else meets it. */
export async function encode<N extends MessageName>(
  message: N,
  cluster: string,
  body: MessageBody<N>,
  id: string,
): Promise<Encoded> {
  const schema = bodySchema(message);
  if (!schema.Check(body)) throw new InvalidMessage(explain(message, schema, body));
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  const envelope: Envelope = {
    id,
    message,
    version: CATALOG[message].version,
    cluster,
    occurredAt: new Date().toISOString(),
    ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    body,
  };
  return pack(Buffer.from(stringify(envelope)));
}

export async function pack(bytes: Uint8Array): Promise<Encoded> {
  const hdrs = headers();
  if (bytes.length < COMPRESS_FROM_BYTES) return { payload: bytes, headers: hdrs };
  hdrs.set(ENCODING, 'zstd');
  const payload = bytes.length <= AT_ONCE_BYTES ? zstdCompressSync(bytes) : await compress(bytes);
  return { payload, headers: hdrs };
}

/** @throws InvalidMessage */
export async function unpack(payload: Uint8Array, hdrs: MsgHdrs | undefined): Promise<Uint8Array> {
  const encoding = hdrs?.get(ENCODING) ?? '';
  if (encoding === '') return payload;
  if (encoding !== 'zstd') throw new InvalidMessage(`unknown encoding ${encoding}`);
  try {
    const options = { maxOutputLength: MAX_INFLATED_BYTES };
    return payload.length <= INFLATE_AT_ONCE_BYTES
      ? zstdDecompressSync(payload, options)
      : await decompress(payload, options);
  } catch (cause) {
    throw new InvalidMessage('broken zstd data', { cause });
  }
}

export interface Decoded<N extends MessageName> {
  readonly envelope: Envelope;
  readonly body: MessageBody<N>;
  /** From the subject, which the server has vouched for. Null for subjects without a node. */
  readonly node: string | null;
}

interface Received {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
}

/**
 * The body must not claim another cluster, node or service than the subject: the server checks subjects, not bodies.
 * Reply inboxes have no such tokens and their sender is known to the asker.
 */
function checkSender(message: MessageName, subject: string, envelope: Envelope): string | null {
  const pattern = CATALOG[message].subject.split('.');
  const tokens = subject.split('.');
  const at = (name: string): string | undefined => {
    const index = pattern.indexOf(name);
    return index < 0 ? undefined : (tokens[index] ?? '');
  };
  const cluster = at('<cluster>');
  if (cluster !== undefined && cluster !== subjectToken(envelope.cluster))
    throw new InvalidMessage(`the envelope says cluster ${envelope.cluster}, the subject ${subject}`);
  const service = at('<service>');
  if (service !== undefined && service !== (envelope.body as { service?: unknown } | null)?.service)
    throw new InvalidMessage(`the body is of another service than the subject ${subject}`);
  const node = at('<node>');
  if (node === undefined) return null;
  const claimed = (envelope.body as { node?: unknown } | null)?.node;
  if (typeof claimed === 'string' && subjectToken(claimed) !== node)
    throw new InvalidMessage(`the body says node ${claimed}, the subject ${subject}`);
  return typeof claimed === 'string' ? claimed : node;
}

/** @throws InvalidMessage */
export async function decode<N extends MessageName>(message: N, received: Received): Promise<Decoded<N>> {
  const bytes = await unpack(received.data, received.headers);
  let envelope: unknown;
  try {
    envelope = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new InvalidMessage('not JSON', { cause });
  }
  if (!checkEnvelope.Check(envelope)) throw new InvalidMessage(explain('envelope', checkEnvelope, envelope));
  if (envelope.message !== message) throw new InvalidMessage(`is ${envelope.message}, not ${message}`);
  const schema = bodySchema(message);
  if (!schema.Check(envelope.body)) throw new InvalidMessage(explain(message, schema, envelope.body));
  const node = checkSender(message, received.subject, envelope);
  return { envelope, body: envelope.body as MessageBody<N>, node };
}
