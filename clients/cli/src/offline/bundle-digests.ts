/** Whether a bundle's texts are those that were collected: each has the digest under which the snapshot names it. */
import type { Bundle } from '@netverdict/bundle';
import { sectionDigest } from '@netverdict/collect';
import { sectionKinds } from '@netverdict/linux-net';

/**
 * What each text says that is not what was collected, as `kind of namespace`. A text that is not there is told by the
 * verdict; the manifest's `bytes` are no sign, since one text stands for all that differ in counters only.
 */
export function alteredSections({ snapshot, sections }: Bundle): readonly string[] {
  const altered: string[] = [];
  const checked = new Map<string, boolean>();
  for (const { namespaces } of snapshot.nodes)
    for (const { key, sections: entries } of namespaces)
      for (const entry of entries) {
        if ('missing' in entry || !sectionKinds.includes(entry.kind)) continue;
        const text = sections[entry.digest];
        if (text === undefined) continue;
        const name = `${entry.kind} ${entry.digest}`;
        const good = checked.get(name) ?? sectionDigest(entry.kind, text) === entry.digest;
        checked.set(name, good);
        if (!good) altered.push(`${entry.kind} of ${key}`);
      }
  return altered;
}
