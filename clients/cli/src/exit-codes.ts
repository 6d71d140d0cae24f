/** What the command's exit code says (documented in the README). */
import type { Outcome } from '@netverdict/verdict';

export const EXIT = { reachable: 0, unreachable: 1, undetermined: 2, usage: 3, system: 4, interrupted: 130 } as const;

export function exitCodeOf(outcome: Outcome): number {
  switch (outcome) {
    case 'reachable':
      return EXIT.reachable;
    case 'unreachable':
    case 'partially-reachable':
      return EXIT.unreachable;
    case 'undetermined':
      return EXIT.undetermined;
  }
}

/** The user asked for something that can't be: exit code 3, and the message alone. */
export class UsageError extends Error {}
/** A part of the system does not work: exit code 4. */
export class SystemError extends Error {}
/** The user pressed Ctrl-C: exit code 130, as shells have it. */
export class Interrupted extends Error {}
