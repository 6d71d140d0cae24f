/** Who is told, a process of its own: checks each signature and writes down what it took. Some it turns away at first, as receivers do. */
import { createServer } from 'node:http';
import { type AnyWebhookMessage, verifyWebhook } from '@netverdict/sdk';
import { openLedger } from './lines.ts';

export interface ReceiverOptions {
  readonly port: number;
  readonly ledger: string;
  /** Of the server, and of the registered webhook. */
  readonly secrets: readonly string[];
  /** One in so many is turned away when it comes for the first time; 0: none. */
  readonly turnAwayOneIn: number;
}

/** A line of the ledger: answered with 204. */
export interface Told {
  readonly webhookId: string;
  readonly path: string;
  readonly type: string;
  readonly diagnosis: string;
  readonly signed: boolean;
}

const options = JSON.parse(process.argv[2] ?? '') as ReceiverOptions;
const write = openLedger(options.ledger);
const turnedAway = new Set<string>();
let met = 0;

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void (async () => {
      const body = Buffer.concat(chunks).toString();
      const webhookId = String(request.headers['webhook-id']);
      if (options.turnAwayOneIn > 0 && !turnedAway.has(webhookId) && ++met % options.turnAwayOneIn === 0) {
        turnedAway.add(webhookId);
        response.writeHead(409).end();
        return;
      }
      const signed = await Promise.any(
        options.secrets.map((secret) => verifyWebhook(secret, request.headers, body)),
      ).then(
        () => true,
        () => false,
      );
      const { type, data } = JSON.parse(body) as AnyWebhookMessage;
      const diagnosis = 'id' in data ? data.id : '';
      write({ webhookId, path: request.url ?? '', type, diagnosis, signed } satisfies Told);
      response.writeHead(204).end();
    })();
  });
}).listen(options.port, '127.0.0.1');
