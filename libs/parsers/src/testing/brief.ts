/** An expression in one line, with every field that is not null: `payload base=network offset=12 length=4 dreg=0`. */
import type { NftExpr } from '@netverdict/linux-net';

const valueText = (value: unknown): string =>
  Array.isArray(value)
    ? `[${(value as readonly (string | NftExpr)[]).map((v) => (typeof v === 'string' ? v : brief(v))).join(', ')}]`
    : typeof value === 'object' && value !== null
      ? Object.values(value).join(' ')
      : String(value);

export const brief = ({ kind, ...fields }: NftExpr): string =>
  [
    kind,
    ...Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [`${name}=${valueText(value)}`])),
  ].join(' ');
