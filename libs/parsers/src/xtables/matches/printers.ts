/** The printer of each kind of match: without the rule around it, with its `-m`. */
import type { Family, XtMatch } from '@netverdict/linux-net';

/** What the rule says besides: `--dport` is `-m tcp` or `-m udp` by its protocol. */
export interface PrintContext {
  readonly family: Family;
  readonly protocol: number | null;
}
export type MatchOf<K extends XtMatch['kind']> = Extract<XtMatch, { readonly kind: K }>;
export type MatchPrinters = {
  readonly [K in XtMatch['kind']]: (match: MatchOf<K>, context: PrintContext) => string;
};
