/** The printer of each kind of target, with its `-j`. */
import type { Family, XtTarget } from '@netverdict/linux-net';

export type TargetOf<K extends XtTarget['kind']> = Extract<XtTarget, { readonly kind: K }>;
export type TargetPrinters = {
  readonly [K in XtTarget['kind']]: (target: TargetOf<K>, family: Family) => string;
};
