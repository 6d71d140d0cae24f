/** The agent's own `[{"dev", "hook", "name"}]` of tc filters, XDP and cgroup programs. */
import type { AttachedProgram, Result } from '@netverdict/linux-net';
import { optionalText, parseArray, text } from '../json/fields.ts';
import type { ParseProblem } from '../problem.ts';

export const parseAttachedPrograms = (source: string): Result<readonly AttachedProgram[], ParseProblem> =>
  parseArray(source, (fields) => ({
    dev: optionalText(fields, 'dev'),
    hook: text(fields, 'hook'),
    name: optionalText(fields, 'name') ?? '',
  }));
