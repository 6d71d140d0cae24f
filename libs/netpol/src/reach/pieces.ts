/** Pieces of constant ports over ranges of classes: what a pod exchanges with them. */
import type { InternedPorts } from './interned-ports.ts';
import type { Ranges } from './ranges.ts';

/** `ports` is interned; none is 0, and makes no piece. */
export interface Piece {
  readonly from: number;
  /** Not included. */
  readonly to: number;
  readonly ports: number;
}
/** In ascending order; classes that are in no piece: nothing. */
export type Pieces = readonly Piece[];

export interface Layer {
  readonly ranges: Ranges;
  readonly ports: number;
}

/** Layers of ranges become pieces, with the union of the ports wherever several lie upon each other. */
export function overlaid(layers: readonly Layer[], ports: InternedPorts): Pieces {
  const only = layers.length === 1 ? layers[0] : undefined;
  if (only) return piecesOf(only.ranges, only.ports);
  const edges: { at: number; layer: number; open: boolean }[] = [];
  layers.forEach(({ ranges }, layer) => {
    for (let i = 0; i < ranges.length; i += 2)
      edges.push({ at: ranges[i] as number, layer, open: true }, { at: ranges[i + 1] as number, layer, open: false });
  });
  edges.sort((a, b) => a.at - b.at);
  const active = new Set<number>();
  const pieces: Piece[] = [];
  let from = 0;
  for (const { at, layer, open } of edges) {
    if (at > from && active.size > 0) {
      let set = 0;
      for (const one of active) set = ports.union(set, layers[one]?.ports ?? 0);
      const last = pieces.at(-1);
      if (last && last.to === from && last.ports === set) pieces[pieces.length - 1] = { ...last, to: at };
      else if (set !== 0) pieces.push({ from, to: at, ports: set });
    }
    from = at;
    if (open) active.add(layer);
    else active.delete(layer);
  }
  return pieces;
}

function piecesOf(ranges: Ranges, ports: number): Pieces {
  const pieces: Piece[] = [];
  if (ports !== 0)
    for (let i = 0; i < ranges.length; i += 2)
      pieces.push({ from: ranges[i] as number, to: ranges[i + 1] as number, ports });
  return pieces;
}

/** The first piece that ends behind `at`. */
export function firstPiece(pieces: Pieces, at: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle] as Piece).to <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function pieceAt(pieces: Pieces, at: number): number {
  const piece = pieces[firstPiece(pieces, at)];
  return piece && piece.from <= at ? piece.ports : 0;
}

/** The parts of them between `from` and `to`. */
export function within(pieces: Pieces, from: number, to: number): Pieces {
  const found: Piece[] = [];
  for (let i = firstPiece(pieces, from); i < pieces.length; i++) {
    const piece = pieces[i] as Piece;
    if (piece.from >= to) break;
    found.push({ from: Math.max(piece.from, from), to: Math.min(piece.to, to), ports: piece.ports });
  }
  return found;
}
