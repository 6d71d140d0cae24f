/** Why nobody can tell certain mutants of ways through a host from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { FINDING, WORDS } from './reasons.ts';

export const OF_PATH: readonly Explanation[] = [
  same('path/egress.ts', FINDING, "const routes = packet.family === 'ipv4'", "const kind = packet.family === 'ipv4'"),
  gap('path/egress.ts', 'no packet that is cut anew just fits', 'if (lengthOf(packet) <= limitBytes)'),
  same('path/input.ts', FINDING, 'const loopbackOnly ='),
  same('path/output-route.ts', WORDS, 'if (tell) tellRoute'),
  same(
    'path/output-route.ts',
    'asked by who filters ARP answers: no rule of theirs has a `from`',
    '): OutputRoute => routed(',
  ),
  same('path/output-route.ts', 'the source of what the flow itself sends was looked at when it was chosen', [
    "if (direction === 'forward' ||",
    'true → false',
  ]),
  same('path/output.ts', 'asks for programs at cgroups, of which no world has any', '(walk.direction ==='),
  same('path/output.ts', 'a route has realms, be they 0: the default is for the compiler', 'realms: leaving.realms ??'),
].flat();
