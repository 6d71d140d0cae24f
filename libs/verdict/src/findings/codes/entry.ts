/** What the registry says of a code. */
import type { Severity } from '../finding.ts';

interface CodeEntry {
  readonly severity: Severity;
  /** One line, for lists. */
  readonly title: { readonly en: string; readonly zh: string };
  /** A sentence for a reader who has never heard of netfilter; `{name}` is replaced from the finding's params. */
  readonly text: { readonly en: string; readonly zh: string };
  /** The names that `text` uses. */
  readonly params: readonly string[];
}

export type CodeEntries = Readonly<Record<`NV-${string}`, CodeEntry>>;
