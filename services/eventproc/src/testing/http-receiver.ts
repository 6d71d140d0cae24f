/** A receiver of pushes on a loopback port, as strict or as broken as a test wants it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Pushed {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface HttpReceiver {
  readonly url: string;
  readonly pushed: Pushed[];
  /** What the next requests are answered with; `hang`: nothing. */
  answer: number | 'hang';
  close(): Promise<void>;
}

export async function httpReceiver(): Promise<HttpReceiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const { answer } = receiver;
      if (answer === 'hang') return;
      if (answer < 300)
        receiver.pushed.push({
          path: request.url ?? '',
          headers: request.headers,
          body: JSON.parse(Buffer.concat(chunks).toString()),
        });
      response.writeHead(answer).end(answer === 204 ? undefined : answer < 300 ? '{}' : 'not now');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: HttpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushed: [],
    answer: 204,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
