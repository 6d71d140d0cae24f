/** Why nobody can tell certain mutants of sockets from the model. */
import { type Explanation, same } from './explanation.ts';
import { COLLECTED, NOT_CHOSEN_YET } from './reasons.ts';

export const OF_SOCKET: readonly Explanation[] = [
  same('socket/listener.ts', 'of two sockets that fit as well the first or the last takes it: both are of one host', [
    'if (score !== null && score >',
    '> → >=',
  ]),
  same('socket/listener.ts', 'a TCP socket that is connected takes what is from its own peer alone', [
    'const receives =',
    '=== → !==',
  ]),
  same('socket/listener.ts', 'an IPv4 address in IPv6 is no destination of an IPv6 packet', [
    'if (socket.family === packet.family)',
    '=== → !==',
  ]),
  same('socket/listener.ts', 'an IPv4 address is no destination of an IPv6 packet', [
    "if (socket.family === 'ipv4') return",
    'false → true',
  ]),
  same('socket/listener.ts', COLLECTED, ['return socket.v6only === null', 'true → false']),
  same('socket/listener.ts', 'of two sockets that fit one takes it: both are of one host', 'let score ='),
  same('socket/to-everybody.ts', NOT_CHOSEN_YET, 'const way = routeOut('),
].flat();
