/** The agent's own `[{"nsid", "inode"}]`. */
import type { NetnsId, Result } from '@netverdict/linux-net';
import { number, parseArray } from '../json/fields.ts';
import type { ParseProblem } from '../problem.ts';

export const parseNetnsIds = (source: string): Result<readonly NetnsId[], ParseProblem> =>
  parseArray(source, (fields) => ({ nsid: number(fields, 'nsid'), inode: number(fields, 'inode') }));
