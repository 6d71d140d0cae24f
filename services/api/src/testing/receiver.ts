/** A receiver of webhooks on loopback, which answers as the test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AnyWebhookMessage, verifyWebhook } from '@netverdict/sdk';

export interface Received {
  readonly id: string;
  readonly at: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly message: AnyWebhookMessage;
}

export interface Receiver {
  /** `http://127.0.0.1:12345` */
  readonly url: string;
  readonly received: Received[];
  /** The most at the same time. */
  readonly crowd: () => number;
  /** 200 when not set. May answer by itself, or not at all. */
  answer: (received: Received, response: ServerResponse) => void | Promise<void>;
  close(): Promise<void>;
}

export const ok = (_: Received, response: ServerResponse): void => void response.writeHead(204).end();
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}) =>
  (_: Received, response: ServerResponse): void =>
    void response.writeHead(code, headers).end();

export async function startReceiver(): Promise<Receiver> {
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    most = Math.max(most, ++now);
    response.on('close', () => {
      now--;
    });
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one: Received = {
        id: String(request.headers['webhook-id']),
        at: performance.now(),
        path: request.url ?? '',
        headers: request.headers,
        body,
        message: JSON.parse(body) as AnyWebhookMessage,
      };
      receiver.received.push(one);
      void receiver.answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    received: [],
    crowd: () => most,
    answer: ok,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return receiver;
}

/** Every one is signed by one of the secrets. */
export async function verifyAll(receiver: Receiver, secret: string): Promise<void> {
  for (const { headers, body } of receiver.received) await verifyWebhook(secret, headers, body);
}
