/** From a flow to a diagnosis: every blocker with its proven remedy, the verdict and the trace. */
import type { Flow, NamespaceKey, Need, SectionKind } from '@netverdict/linux-net';
import type { Diagnosis, VerdictContext } from '@netverdict/verdict';
import type { EvaluateOptions } from './evaluate.ts';
import type { World } from './world/world.ts';

export interface DiagnoseOptions extends EvaluateOptions {
  /** Most rounds of simulate, patch, simulate again. Default 16. */
  readonly maxRounds?: number;
}

export interface DiagnoseResult {
  /** Always there: with unmet needs it is what can be said without them (branches that met one are undetermined). */
  readonly diagnosis: Diagnosis;
  /** Not empty: collect these and diagnose again, or settle for `diagnosis` when the rounds are used up. */
  readonly needs: readonly Need[];
  /** Sections that a negative or undetermined verdict rests on: read them again before publishing it. */
  readonly deciding: readonly { readonly namespace: NamespaceKey; readonly kinds: readonly SectionKind[] }[];
}

export function diagnose(
  _world: World,
  _flow: Flow,
  _names: VerdictContext,
  _options: DiagnoseOptions = {},
): DiagnoseResult {
  throw new Error('not yet');
}
