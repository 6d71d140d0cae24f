/** The digest of a section: the agent makes it, topology and `netverdict replay` check it. linux-net has no hash of its own. */
import { createHash } from 'node:crypto';
import { type Digest, digestInput, type SectionKind } from '@netverdict/linux-net';

export const sectionDigest = (kind: SectionKind, text: string): Digest =>
  `sha256:${createHash('sha256').update(digestInput(kind, text)).digest('hex')}`;
