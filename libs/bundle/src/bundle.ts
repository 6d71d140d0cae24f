/**
 * The bundle: all that went into one verdict as one JSON document, so that it can be run again anywhere, offline,
 * with the same result. Sections are raw kernel text under the digest of their canonical text: old bundles stay
 * readable by new parsers.
 */
import type { Digest, Flow, Snapshot } from '@netverdict/linux-net';
import { err, ok, type Result } from '@netverdict/linux-net';
import type { Diagnosis } from '@netverdict/verdict';

export const BUNDLE_FORMAT_VERSION = 1;

export interface Bundle {
  readonly formatVersion: typeof BUNDLE_FORMAT_VERSION;
  /** `dg_…`; null for a bundle that was not made by a diagnosis. */
  readonly diagnosisId: string | null;
  /** What the user asked, as the REST API takes it. Not read by the replay. */
  readonly request: unknown;
  readonly flow: Flow;
  readonly names: BundleNames;
  /** What the objects promised. Not read by the replay. */
  readonly intendedPath: unknown;
  readonly snapshot: Snapshot;
  readonly snapshotDigest: string;
  /** Every section that the snapshot names, as far as it still existed when the bundle was made. */
  readonly sections: Readonly<Record<Digest, string>>;
  /** The verdict at that time; null where none was reached. */
  readonly diagnosis: Diagnosis | null;
}

/** How prose names the two ends: `shop/cart-6f9`, `service shop/payments:80`. */
export interface BundleNames {
  readonly source: string;
  readonly destination: string;
}

/** Checks the outline of a document that somebody hands in. What is inside the sections the parsers judge. */
export function parseBundle(text: string): Result<Bundle, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // Not with the parser's message: that quotes the file, which may be anything.
    return err('not a bundle: not JSON');
  }
  if (!isRecord(raw)) return err('not a bundle: no JSON object');
  if (raw.formatVersion !== BUNDLE_FORMAT_VERSION)
    return err(`bundle format ${String(raw.formatVersion)} is not known here; this program reads format 1`);
  for (const field of ['flow', 'names', 'snapshot', 'sections'])
    if (!isRecord(raw[field])) return err(`not a bundle: field "${field}" is missing`);
  const { snapshot } = raw;
  if (!isRecord(snapshot) || !Array.isArray(snapshot.nodes) || !isRecord(snapshot.map))
    return err('not a bundle: its snapshot has no nodes or no map');
  return ok(raw as unknown as Bundle);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
