/** Why nobody can tell certain mutants of connections from the model. */
import { type Explanation, gap, same } from './explanation.ts';

const NEVER_FULL = "the table is never full: its size is that of the machine's first namespace";

export const OF_CONNTRACK: readonly Explanation[] = [
  gap('conntrack/collected.ts', 'no packet goes on with an older connection that is out of step', 'outOfStep: false'),
  gap(
    'conntrack/needed.ts',
    'connections that no rule asks for show in how pieces are put together alone',
    'return false;',
  ),
  gap(
    'conntrack/needed.ts',
    'what makes connections tracked in a table of another family stands beside something else that does',
    'if (table.family !== own',
  ),
  same('conntrack/table.ts', 'asked of TCP alone, which is always given its own', 'const LENIENT'),
  gap(
    'conntrack/table.ts',
    'no connection is translated in a run that has ended another one',
    'return all.some((entry) => entry.dead)',
  ),
  gap(
    'conntrack/table.ts',
    'only where a handshake passes a namespace one way is its third packet followed, and elsewhere it fares as the first one did',
    'table.some((e) => e.original.protocol === 6',
  ),
  gap('conntrack/table.ts', NEVER_FULL, 'return this.#find(key, packet, tupleOf(packet)) !== null'),
  gap(
    'conntrack/table.ts',
    'the list of connections does not tell who has reset one: both ways are followed, and the kernel takes either',
    "if (state === 'CLOSE' &&",
    'return this.#seen(key, entry, direction, { outOfStep',
    'this.update(key, entry.id, { dead: true })',
  ),
  gap(
    'conntrack/table.ts',
    'what answers a SYN in the middle of a connection is the business of its two ends, which no world judges',
    "if (kind === 'synack' && entry.outOfStep)",
    "return this.#seen(key, entry, direction, { tcp: 'SYN_RECV'",
    "return this.#seen(key, entry, direction, kind === 'syn'",
    'outOfStep: false',
  ),
  gap(
    'conntrack/table.ts',
    'a connection that is established is assured already where it was read',
    'entry.assured || (entry.seenReply',
  ),
  same(
    'conntrack/tcp.ts',
    'flags without any of these are nonsense, which is asked before',
    "return flags & TCP.ACK ? 'ack'",
  ),
  gap('conntrack/tcp.ts', 'not every combination with URG is sent', 'return [SYN, SYN | URG,'),
  same(
    'conntrack/template.ts',
    "a template's addresses are compared with none: zero of either family says no to the same rules",
    'const nobody =',
  ),
  same('conntrack/table.ts', 'said anew before each packet is looked up', '#counts = true;'),
  gap(
    'conntrack/track.ts',
    'who is in the window decides the rules met in those worlds and no fate: both ways are followed, and the kernel takes either',
    'const liberally =',
  ),
  same('conntrack/track.ts', 'which step is told: words', 'return false;'),
  gap('conntrack/track.ts', NEVER_FULL, 'if (full) return'),
  same('conntrack/track.ts', 'a zone is given with a template, and without both nothing is taken away', [
    'if (packet.zone === 0 && !packet.template)',
    '=== → !==',
  ]),
  gap(
    'conntrack/track.ts',
    'no world sees a template of zone 0 after conntrack',
    'if (packet.zone === 0 && !packet.template)',
  ),
  gap('conntrack/table.ts', 'no world counts a SYN that is ignored and asks for the number afterwards', [
    'this.#counts = false;',
    'false → true',
  ]),
].flat();
