/** Reads a stream of server-sent events, and can stop reading. */
import { request } from 'node:http';

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export interface StreamReader {
  readonly events: readonly StreamEvent[];
  pause(): void;
  resume(): void;
  ended(): boolean;
  close(): void;
}

export function readStream(url: string, token: string, lastEventId?: string): Promise<StreamReader> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const asked = request(url, { headers }, (response) => {
      const events: StreamEvent[] = [];
      let rest = '';
      let ended = false;
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
          if (field('data') !== '') events.push({ id: field('id'), event: field('event'), data: field('data') });
        }
      });
      for (const end of ['end', 'close', 'error'])
        response.on(end, () => {
          ended = true;
        });
      if (response.statusCode !== 200) return reject(new Error(`${url}: ${response.statusCode}`));
      resolve({
        events,
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        ended: () => ended,
        close: () => void asked.destroy(),
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
