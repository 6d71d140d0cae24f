import type { NftExpr } from '@netverdict/linux-net';
import type { Fields } from '../json/fields.ts';

export interface ExpressionReader {
  /** All that `read` looks at. An expression with another is unsupported. */
  readonly attributes: readonly string[];
  /** null: a value that is not known here. */
  readonly read: (attributes: Fields) => NftExpr | null;
}
