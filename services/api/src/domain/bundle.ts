/** The bundle: all that went into one verdict as one document, so that it can be replayed anywhere, offline. */
import type { Bundle } from '@netverdict/bundle';
import type { Sections } from '@netverdict/messaging';
import type { FullDiagnosisRow } from '@netverdict/store';
import { ProblemError } from '../http/problems.ts';
import { resultOf } from './document.ts';

/** Sections read side by side: each is one round trip. */
const LANES = 16;

/** @throws ProblemError 409 while it runs or when it failed, 410 when sections are gone, 503 when NATS is away */
export async function makeBundle(row: FullDiagnosisRow, sections: Sections | null): Promise<Bundle> {
  const result = resultOf(row);
  if (!result)
    throw new ProblemError({
      type: 'not-completed',
      status: 409,
      title: row.status === 'failed' ? 'The diagnosis failed: there is nothing to bundle' : 'The diagnosis still runs',
      detail: `Its status is "${row.status}"; a bundle is made of a completed diagnosis.`,
    });
  const digests = new Set<string>();
  for (const node of result.snapshot.nodes)
    for (const namespace of node.namespaces)
      for (const section of namespace.sections) if ('digest' in section) digests.add(section.digest);

  const texts: Record<string, string> = {};
  const gone: string[] = [];
  const waiting = [...digests];
  const lane = async (): Promise<void> => {
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      const text = await read(sections, digest);
      if (text === null) gone.push(digest);
      else texts[digest] = text;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (gone.length > 0)
    throw new ProblemError({
      type: 'sections-gone',
      status: 410,
      title: 'The collected state is gone',
      detail: `${gone.length} of ${digests.size} sections are no longer stored; they are kept for about a day. Run the diagnosis again.`,
    });
  return {
    formatVersion: 1,
    diagnosisId: row.id,
    request: row.request,
    flow: result.flow,
    names: result.diagnosis.context,
    intendedPath: result.intendedPath,
    snapshot: result.snapshot,
    snapshotDigest: result.snapshotDigest,
    sections: texts,
    diagnosis: result.diagnosis,
  };
}

async function read(sections: Sections | null, digest: string): Promise<string | null> {
  try {
    if (!sections) throw new Error('NATS has not been reached yet');
    return (await sections.get(digest))?.toString('utf8') ?? null;
  } catch (error) {
    throw new ProblemError({
      type: 'unavailable',
      status: 503,
      title: 'The stored sections cannot be read just now',
      detail: error instanceof Error ? error.message : String(error),
      headers: { 'retry-after': '2' },
    });
  }
}
