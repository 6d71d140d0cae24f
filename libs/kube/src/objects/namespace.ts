/** Namespace: its labels are what policies select. */
import type { Meta } from './meta.ts';

export interface Namespace {
  readonly kind: 'Namespace';
  readonly meta: Meta;
  readonly phase: string;
}
