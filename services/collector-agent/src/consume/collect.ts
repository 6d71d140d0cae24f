/** Answers a collect request: the manifest, the texts that the asker lacks in parts, the end. */
import type { CollectChunk, CollectRequest } from '@netverdict/contracts';
import type { Collector } from '../domain/collector.ts';

/** In UTF-8; JSON's escapes add some, and NATS takes 1 MiB. */
export const PART_BYTES = 512 * 1024;

/** Parts of at most PART_BYTES that join to the text; no character is cut. */
export function parts(text: string): string[] {
  const ascii = Buffer.byteLength(text) === text.length;
  const step = ascii ? PART_BYTES : Math.floor(PART_BYTES / 4);
  const cut: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + step, text.length);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd800 && code <= 0xdbff) end--;
    cut.push(text.slice(at, end));
    at = end;
  }
  return cut.length === 0 ? [''] : cut;
}

export async function answerCollect(
  collector: Collector,
  request: CollectRequest,
  reply: (chunk: CollectChunk) => Promise<void>,
): Promise<void> {
  const { node, texts } = await collector.collect(request);
  await reply({ kind: 'manifest', node });
  for (const { kind, digest, text } of texts) {
    const all = parts(text);
    for (const [part, piece] of all.entries())
      await reply({ kind: 'section', sectionKind: kind, digest, part, parts: all.length, text: piece });
  }
  await reply({ kind: 'end' });
}
