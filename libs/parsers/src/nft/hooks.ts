/** The agent's own list of netfilter hooks, as the kernel dumps them (net/netfilter/nfnetlink_hook.c): the first asked first. */
import { type NetfilterHook, ok, type Result } from '@netverdict/linux-net';
import { number, optionalFields, optionalText, parseArray, text } from '../json/fields.ts';
import type { ParseProblem } from '../problem.ts';

/** null: the kernel does not list them. */
export const parseNetfilterHooks = (source: string): Result<readonly NetfilterHook[] | null, ParseProblem> =>
  source.trim() === 'null' ? ok(null) : parseList(source);

const parseList = (source: string): Result<readonly NetfilterHook[], ParseProblem> =>
  parseArray(source, (fields) => {
    const chain = optionalFields(fields, 'chain');
    return {
      family: text(fields, 'family'),
      hook: text(fields, 'hook'),
      priority: number(fields, 'priority'),
      function: optionalText(fields, 'function'),
      chain: chain && { family: text(chain, 'family'), table: text(chain, 'table'), name: text(chain, 'name') },
    };
  });
