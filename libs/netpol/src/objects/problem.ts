/** What is wrong with an object, where in it, and what would be right. */
export interface ObjectProblem {
  /** `NetworkPolicy shop/deny`. */
  readonly object: string;
  /** JSON pointer into it. */
  readonly pointer: string;
  readonly detail: string;
}

export const formatProblem = ({ object, pointer, detail }: ObjectProblem): string =>
  `${object}: ${pointer === '' ? '' : `${pointer.slice(1).replaceAll('/', '.')} `}${detail}`;
