/** One reason why certain mutants cannot be told from the model. */

export interface Explanation {
  readonly file: string;
  /** The beginning of the line, without its indentation. */
  readonly code: string;
  /** What is changed to what; absent: any change of the line. */
  readonly change?: string;
  /** `equivalent`: it is the same model in other words. `gap`: a meaning that no world decides. */
  readonly is: 'equivalent' | 'gap';
  readonly why: string;
}

/** The beginning of a line, or that and one change of it. */
type Place = string | readonly [code: string, change: string];

const rows =
  (is: Explanation['is']) =>
  (file: string, why: string, ...places: readonly Place[]): readonly Explanation[] =>
    places.map((place) =>
      typeof place === 'string' ? { file, code: place, is, why } : { file, code: place[0], change: place[1], is, why },
    );

/** The same model in other words. */
export const same = rows('equivalent');
/** What a world would need to decide it. */
export const gap = rows('gap');
