/** One selector of a policy rule, or one kind of route, for each packet. */
import { address } from '../addresses.ts';
import type { Draft } from '../draft.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';

export function focusedRoutes(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const { random } = draft;
  let priority = 1000;
  addFocused(draft, router, count, (focus, packet) => {
    // At the router for what it forwards, or at the sender for what it makes.
    const atSender = random.chance(0.4);
    const ns = atSender ? draft.namespaces.find((n) => n.name === 'a') : focus.router;
    if (!ns) return null;
    const list = focus.family === 'ipv4' ? ns.ip : ns.ip6;
    const gate = `priority ${priority++} ipproto ${focus.protocol} sport ${focus.ports.from}-${focus.ports.to}`;
    if (random.chance(0.5))
      list.push(
        `rule add ${gate} ${selector(focus, atSender)} ${random.pick(['blackhole', 'unreachable', 'prohibit'])}`,
      );
    else {
      const table = 200 + priority;
      list.push(...routes(focus, atSender, table), `rule add ${gate} lookup ${table}`);
    }
    return {
      ...packet,
      tos: random.chance(0.5) ? 0x10 : 0,
      mark: random.chance(0.5) ? 1 : 0,
      uid: random.chance(0.5) ? 1000 : 0,
    };
  });
}

function selector({ draft: { random }, family }: Focus, atSender: boolean): string {
  return random.pick(
    [
      `from ${address(family, 1, 1)}`,
      `from ${address(family, 2, 1)}`,
      `to ${address(family, 2, 254)}`,
      `to ${family === 'ipv4' ? '10.2.0.0/24' : 'fd00:2::/64'}`,
      atSender ? 'iif lo' : 'iif to-a',
      'iif to-b',
      'tos 0x10',
      'not tos 0x10',
      ...(atSender ? ['fwmark 1', 'fwmark 1/1', 'not fwmark 1', 'uidrange 1000-1000', 'uidrange 0-999'] : []),
      'dport 80',
      'dport 443-8080',
      'goto 32766',
    ].filter((text) => text !== 'goto 32766'),
  );
}

/** A table of its own: what it holds is what the packet meets. */
function routes({ draft: { random }, family }: Focus, atSender: boolean, table: number): string[] {
  const any = family === 'ipv4' ? '0.0.0.0/0' : '::/0';
  const via = atSender ? `via ${address(family, 1, 254)} dev eth0` : `dev to-b`;
  const far = family === 'ipv4' ? '10.2.0.0/24' : 'fd00:2::/64';
  const direct = atSender ? `${any} ${via}` : `${far} ${via}`;
  const one = (text: string): string => `route add ${text} table ${table}`;
  return random.pick<() => string[]>([
    () => [one(`unreachable ${any} metric 5`)],
    () => [one(`blackhole ${any} metric 5`)],
    () => [one(`prohibit ${any} metric 5`)],
    () => [one(`throw ${any} metric 5`)],
    () => [one(`unreachable ${any} metric 50`), one(`${direct} metric 5`)],
    () => [one(`${direct} metric 5 mtu ${random.pick([1280, 1400])}`)],
    () => [one(`${direct} metric 5${atSender ? ` src ${address(family, 1, 1)}` : ''}`)],
    () =>
      family === 'ipv4' ? [one(`${direct} tos 0x10`), one(`unreachable ${any} metric 9`)] : [one(`${direct} metric 5`)],
    // Nobody is there.
    () => [
      one(
        atSender
          ? `${any} via ${address(family, 1, 77)} dev eth0 metric 5`
          : `${far} via ${address(family, 2, 77)} dev to-b metric 5`,
      ),
    ],
  ])();
}
