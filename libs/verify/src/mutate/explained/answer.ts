/** Why nobody can tell certain mutants of answers to packets that died from the model. */
import { type Explanation, gap, same } from './explanation.ts';

export const OF_ANSWER: readonly Explanation[] = [
  same('answer/error-packet.ts', 'of the packet within an error its header alone is asked for', 'const told = (packet'),
  gap(
    'answer/error-packet.ts',
    "no packet from nobody's address draws an error: no sender here has that one",
    'if (source === 0 ||',
  ),
  gap(
    'answer/error-packet.ts',
    'no packet from a group comes in: the kernel loses it before',
    "if (about.family === 'ipv6' && isMulticast(source))",
  ),
  same(
    'answer/error-packet.ts',
    "whether a source must be the host's own is asked of a source, and here none is given",
    'const route = routeOut(walk, ns, key, true)',
  ),
  gap(
    'answer/error-packet.ts',
    'no sender is bound to a device, rejected by its own rules and at an address that only another way of asking would find',
    'const route = routeOut(walk, ns, { ...flowKey(about',
    "return route.kind === 'route' && route.local;",
  ),
  gap(
    'answer/error-packet.ts',
    'no packet with the lowest bit of its TOS set draws an error',
    'tos: v4 ? (about.tos & 0x1e)',
  ),
  gap(
    'answer/error-packet.ts',
    'no error takes the address of the device that the packet came in by where the route would give another',
    'if (iif !== null && about.family',
  ),
  gap('answer/error-packet.ts', 'no segment to everybody is refused', "if (about.family === 'ipv4' && addressType("),
  gap('answer/pieces.ts', 'no last piece is as long as the limit', 'return pieces - (last > cause.limitBytes'),
  same(
    'answer/pieces.ts',
    'behind the last stretch there is none, and nothing is added',
    'for (let i = 0; i < stretches',
  ),
  same('answer/react.ts', 'what only the judge asks for while it sends', "if (walk.direction === 'reply')"),
  same('answer/react.ts', 'one error is followed the same way whether or not there may be more', [
    'if (count > 1)',
    '> → >=',
  ]),
  gap('answer/error-packet.ts', 'no world has a route to loopback for what another device brought', [
    'const overLoopback =',
    '=== → !==',
  ]),
  gap('answer/react.ts', 'copies that are rejected are of whole packets, and nothing tracks the errors about them', [
    'const next = send(',
    '> → >=',
  ]),
  gap('answer/react.ts', 'no recorded packet over an open connection is answered with an error', [
    'const soft =',
    'true → false',
  ]),
].flat();
