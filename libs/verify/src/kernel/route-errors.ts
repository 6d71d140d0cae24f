/**
 * Counts the errors of routes that a world's senders were told, as the kernel does: five at once, one more a second, for each
 * router and source address (net/ipv4/route.c, ip_error). Here for each namespace that sends and for each address, whatever the
 * router: on the safe side.
 */
import { isIP } from 'node:net';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';

const BURST = 5;
const REFILL_MS = 1000;
/** The kernel counts in ticks of its clock: 10 ms at most. */
const TICK_MS = 10;
/** Net unreachable, host unreachable, prohibited. */
const ROUTE_CODES: ReadonlySet<number> = new Set([0, 1, 13]);

export const isRouteError = ({ type, code }: { readonly type: number; readonly code: number }): boolean =>
  type === 3 && ROUTE_CODES.has(code);

/** IPv4's smallest MTU in a generated world leaves this much room in a piece. */
const SMALLEST_PIECE_BYTES = 500;
/** An error is counted for each piece of a packet, and into how many it is cut nobody has foretold. */
export const mostPieces = ({ sizeBytes }: FlowSpec): number =>
  Math.max(1, Math.ceil((sizeBytes ?? 0) / SMALLEST_PIECE_BYTES));

export interface RouteErrors {
  /** Before each flow: between an error and the one before it is at least the time from the end of that flow to here. */
  sending(): void;
  /**
   * In the order in which they were sent. `told`: who such an error was sent to (namespaces and addresses), to the sender's knowledge or not: what a rule
   * lost on its way counts as well, and so does what was sent to another about its answer; and how many it counts as, since each
   * piece of a packet does (ip_error).
   */
  note(flow: FlowSpec, observation: Observation, told: ReadonlyMap<string, number>): Observation;
}

export function countRouteErrors(nowMs: () => number): RouteErrors {
  const budgets = new Map<string, { left: number; at: number }>();
  let started = nowMs();
  return {
    sending() {
      started = nowMs();
    },
    note(flow, observation, told) {
      const { heard } = observation;
      const ipv4 = flow.family === 'ipv4';
      const now = nowMs();
      const leftOf = (name: string): number => {
        const before = budgets.get(name) ?? { left: BURST, at: now };
        const passed = Math.max(0, started - before.at - TICK_MS);
        return Math.min(BURST, before.left + passed / REFILL_MS);
      };
      const addresses = [...told.keys()].filter((who) => isIP(who) !== 0);
      const left = Math.min(...[flow.from, ...addresses].map(leftOf));
      const toSender = ipv4 && heard.kind === 'icmp' && isRouteError(heard) ? [flow.from] : [];
      // What was held back is not paid for, so nothing is taken where nothing is left.
      for (const name of new Set([...told.keys(), ...toSender]))
        budgets.set(name, { left: Math.max(0, leftOf(name) - (told.get(name) ?? 1)), at: now });
      return ipv4 && heard.kind === 'silence' && left < 1 ? { ...observation, mayBeHeldBack: true } : observation;
    },
  };
}
