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
  gap('packet/checksum.ts', 'no recorded packet has its header changed after connection tracking has added it up', [
    "packet.family === 'ipv6'",
    '=== → !==',
  ]),
  gap(
    'packet/hash.ts',
    'of what comes back to its sender, and finds several next hops there, no recorded packet tells',
    'if (sum ===',
    "return family === 'ipv6'",
  ),
  gap('path/forward.ts', 'no recorded packet from an address of a link is sent on', [
    "if (family === 'ipv4' ||",
    '=== → !==',
  ]),
  gap(
    'path/input.ts',
    'no recorded packet comes to a transparent listener from an address of the host itself',
    'if (looped &&',
    "return found.kind === 'found'",
  ),
  gap('path/output.ts', 'no world has rules for ports in one family and routes again in the other', 'const rules ='),
].flat();
