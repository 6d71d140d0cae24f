/** A finding: what a step means to the user, as data. Prose is rendered from it (render/). */
import type { Redaction } from '../redacted.ts';
import type { Direction, Evidence } from '../trace/trace.ts';
import type { FindingCode } from './registry.ts';

export type Severity = 'blocking' | 'degrading' | 'suspicious' | 'info';
export type Lang = 'en' | 'zh';
export type Text = Readonly<Record<Lang, string>>;

export type Params = Readonly<Record<string, string | number>>;

export interface Remedy {
  /** A command to run, or null where an object has to change or nothing is safe. Never holds user input unquoted. */
  readonly command: string | null;
  /** Node (`node-2`) or pod (`shop/web-1`) where the command is run; null for an object of the cluster. */
  readonly on: string | null;
  /** What to do in words, and what else it changes. */
  readonly en: string;
  readonly zh: string;
  /** The changed snapshot was simulated and this blocker is gone. */
  readonly proven: boolean;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Place of the hop (namespace key). */
  readonly hop: string;
  readonly node: string | null;
  readonly direction: Direction;
  /** Ids of the branches that it decides. */
  readonly branches: readonly string[];
  /** What the prose of the code needs; its names are the registry's. */
  readonly params: Params;
  readonly evidence: readonly Evidence[];
  readonly remedy: Remedy | null;
  /** Only in answers to who may not see all of it. */
  readonly redacted?: Redaction;
}
