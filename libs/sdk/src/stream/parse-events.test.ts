import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEvents, type ServerSentEvent } from './parse-events.ts';

async function parse(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  for await (const event of parseEvents(bytes())) events.push(event);
  return events;
}

const STREAM =
  'retry: 1000\n\n: heartbeat\n\nid: 7\nevent: progress\ndata: {"message":"节点 é"}\n\ndata: a\r\ndata: b\r\n\r\nid: 8\nevent: completed\ndata: {}\n\nevent: cut off';
const EVENTS = [
  { id: '7', event: 'progress', data: '{"message":"节点 é"}' },
  { id: '7', event: 'message', data: 'a\nb' },
  { id: '8', event: 'completed', data: '{}' },
];

test('events are read with comments left out, and one that is cut off is none', async () => {
  expect(await parse([new TextEncoder().encode(STREAM)])).toEqual(EVENTS);
});

test('however the bytes are cut, the events are the same', async () => {
  const bytes = new TextEncoder().encode(STREAM.replaceAll('\r\n', '\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
      expect(await parse(chunks)).toEqual(EVENTS);
    }),
  );
});
