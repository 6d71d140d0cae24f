/** The digest of a section. Topology makes the same of what it receives: the canonical text is linux-net's. */
import { createHash } from 'node:crypto';
import { type Digest, digestInput, type SectionKind } from '@netverdict/linux-net';

export { canonicalText } from '@netverdict/linux-net';

export const sectionDigest = (kind: SectionKind, text: string): Digest =>
  `sha256:${createHash('sha256').update(digestInput(kind, text)).digest('hex')}`;
