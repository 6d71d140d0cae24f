/** Why nobody can tell certain mutants of neighbours from the model. */
import { type Explanation, gap, same } from './explanation.ts';
import { COLLECTED, MET, NAMED, SHIFTED_OUT, WORDS } from './reasons.ts';

const NOTHING_ASKS = 'nothing on the way of the question asks for it';

export const OF_NEIGHBOUR: readonly Explanation[] = [
  same('neighbour/arp.ts', MET, 'const kept = announce === 0'),
  same('neighbour/arp.ts', NOTHING_ASKS, 'dontFragment: false,', 'untracked: true,'),
  same('neighbour/nd.ts', NOTHING_ASKS, 'dontFragment: false,'),
  same('neighbour/nd.ts', SHIFTED_OUT, 'const LINK_LOCAL = 0xfe80n'),
  gap(
    'neighbour/nd.ts',
    'no rule before routing takes a question or an advertisement that one for the host lets through',
    "const hooks = way === 'out'",
  ),
  gap(
    'neighbour/nd.ts',
    'no entry of a proxy, or of another state, stands for an asker beside one that was fixed by hand',
    '!n.proxy && n.dev === link.ifindex',
  ),
  gap('neighbour/resolve.ts', 'no rule that decides asks for the MAC of a group', '((value >>> (8'),
  gap('neighbour/resolve.ts', 'chains for ARP are an unknown by their name', 'if (renewed) return'),
  same('neighbour/resolve.ts', 'who sends by the loopback device asks for no neighbour', [
    'if (link.loopback || link.detail.kind',
    'true → false',
  ]),
  same('neighbour/resolve.ts', MET, ["const asks = entry?.state !== 'failed'", '!== → ===']),
  same('neighbour/resolve.ts', 'chains for ARP are an unknown by their name', ['if (arp) return', 'false → true']),
  same(
    'neighbour/resolve.ts',
    'an address that is given twice is an unknown by its name, and of one who answers one is taken',
    'const member = rivals.length === 0',
  ),
  same(
    'neighbour/resolve.ts',
    'of several who answer which is taken is an unknown by its name',
    'if (members.length === 1)',
  ),
  same('neighbour/resolve.ts', NAMED, "const lost = down.do === 'end'", "const lost = answer.kind === 'nobody'"),
  same(
    'neighbour/resolve.ts',
    'somebody outside the nodes: no world has an uplink',
    "if (entry && (entry.state === 'failed'",
    'return { ok: true, mac: null };',
  ),
  same('neighbour/resolve.ts', WORDS, "need.kind === 'pod'", ": need.kind === 'node'"),
  same(
    'neighbour/who-answers.ts',
    'only whether an answer is kept in mind for the next packet: the time it takes',
    'if (walk.choices.asked === asked',
    "answer.kind === 'member' && answer.member.ns",
    "if (peer.kind !== 'found'",
    'const alone =',
  ),
  same('neighbour/who-answers.ts', COLLECTED, "const open = answer.kind === 'need'", 'const silent = domain.unread'),
  same(
    'neighbour/who-answers.ts',
    'what is asked behind it is what was not collected, and in a judged world all is',
    "if (family === 'ipv6') return null;",
  ),
  same(
    'neighbour/who-answers.ts',
    NAMED,
    'if (lost) return',
    'if (blocked) return',
    "way === 'in' || spread(",
    'if (!behind) continue;',
    "if (next.do === 'end') return next.stop",
  ),
  same('neighbour/who-answers.ts', 'devices that ask have an address', [
    'if (asker.link.mac === null)',
    'true → false',
  ]),
  gap('neighbour/nd.ts', 'no bridge on the way of a question has rules that ask how it is tracked', [
    'const FRESH =',
    'false → true',
  ]),
].flat();
