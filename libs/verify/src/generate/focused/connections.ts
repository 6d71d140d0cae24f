/**
 * Connections that were there before: they go on with the translation that they have, and what would be translated to the same as
 * one of them gets another port.
 */
import type { FlowSpec } from '../../world/spec.ts';
import { address } from '../addresses.ts';
import type { Draft } from '../draft.ts';
import { addFocused, type Focus, focusedShape } from './focused.ts';
import { gate, onTheWay, Rules, senderOf } from './rules.ts';

interface Ask {
  readonly focus: Focus;
  /** From a to b. */
  readonly packet: FlowSpec;
  readonly rules: Rules;
}
/** What is sent before all is read, and what is judged. */
interface Both {
  readonly before: FlowSpec;
  readonly packet: FlowSpec;
}
type Case = (ask: Ask) => Both;

const VIRTUAL_SUBNET = 77;
/** The sender's second address, which it does not choose by itself. */
const SECOND_HOST = 51;

export function focusedConnections(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  for (const text of [`${address('ipv4', 1, SECOND_HOST)}/24`, `${address('ipv6', 1, SECOND_HOST)}/64`])
    senderOf(draft).ip.push(`address add ${text} dev eth0${text.includes(':') ? ' nodad preferred_lft 0' : ''}`);
  const rules = new Rules();
  addFocused(draft, router, count, (focus, made) => {
    const { family } = focus;
    const plain = {
      ...made,
      source: address(family, 1, 1),
      destination: address(family, 2, 1),
      tcpFlags: null,
      tos: 0,
      mark: 0,
      uid: 0,
    };
    const { before, packet } = draft.random.weighted(CASES)({ focus, packet: plain, rules });
    draft.prelude.push({ ...before, id: `before-${made.id}` });
    return packet;
  });
  rules.load(draft);
}

const goesOn = (packet: FlowSpec): Both => ({
  before: packet,
  packet: { ...packet, continues: `before-${packet.id}` },
});

/** Collected are connections between the packet's ends: where its source is not given, any of the world's may be one. */
const ofOneEnd = (before: FlowSpec, packet: FlowSpec): Both => ({ before, packet: { ...packet, source: null } });

function nat({ focus, rules }: Ask, chain: 'PREROUTING' | 'POSTROUTING', rule: string): void {
  rules.add(focus.router, focus.family, 'nat', chain, `${gate(focus)} ${rule}`);
}

const at = (focus: Focus, host: number, subnet = 2): string => address(focus.family, subnet, host);
const withPort = (focus: Focus, text: string, port: number | string): string =>
  focus.family === 'ipv4' ? `${text}:${port}` : `[${text}]:${port}`;

const CASES: readonly (readonly [weight: number, Case])[] = [
  [
    3,
    // To a virtual address, which is nobody's: without its translation it is lost.
    (ask) => {
      nat(ask, 'PREROUTING', `-j DNAT --to-destination ${at(ask.focus, 1)}`);
      return goesOn({ ...ask.packet, destination: at(ask.focus, 9, VIRTUAL_SUBNET) });
    },
  ],
  [
    2,
    (ask) => {
      nat(ask, 'PREROUTING', `-j REDIRECT --to-ports ${ask.focus.draft.random.pick([80, 8080])}`);
      return goesOn(ask.packet);
    },
  ],
  [
    2,
    (ask) => {
      nat(
        ask,
        'POSTROUTING',
        ask.focus.draft.random.pick(['-j MASQUERADE', `-j SNAT --to-source ${at(ask.focus, 254)}`]),
      );
      return goesOn(ask.packet);
    },
  ],
  [
    2,
    (ask) => {
      const { focus, packet, rules } = ask;
      const { random } = focus.draft;
      const [table, hook] = random.pick(onTheWay(focus, packet).filter(([t]) => t !== 'raw'));
      const state = random.pick(['ESTABLISHED', 'NEW', 'RELATED,ESTABLISHED']);
      // The first packet is a new connection's, and its answer belongs to it.
      if (state !== 'NEW')
        rules.add(focus.router, focus.family, table, hook, `${gate(focus)} -m conntrack --ctstate ${state} -j DROP`);
      else rules.add(focus.router, focus.family, table, hook, `${gate(focus)} -m conntrack ! --ctstate NEW -j DROP`);
      return goesOn(packet);
    },
  ],
  [
    3,
    // From another address with the same port, to the same end, as the same address.
    (ask) => {
      const { focus, packet } = ask;
      const to = withPort(focus, at(focus, 254), `${focus.ports.from}-${focus.ports.from + 3}`);
      nat(
        ask,
        'POSTROUTING',
        focus.draft.random.pick([
          '-j MASQUERADE',
          `-j SNAT --to-source ${at(focus, 254)}`,
          `-j SNAT --to-source ${to}`,
        ]),
      );
      return ofOneEnd({ ...packet, source: at(focus, SECOND_HOST, 1) }, packet);
    },
  ],
  [
    4,
    // Both are given the one port that the rule has: the second cannot be entered into the table of connections.
    (ask) => {
      const { focus, packet } = ask;
      nat(ask, 'POSTROUTING', `-j SNAT --to-source ${withPort(focus, at(focus, 254), focus.ports.from)}`);
      return ofOneEnd({ ...packet, source: at(focus, SECOND_HOST, 1) }, packet);
    },
  ],
  [
    3,
    // From one port to two virtual addresses of one end.
    (ask) => {
      const { focus, packet } = ask;
      nat(ask, 'PREROUTING', `-j DNAT --to-destination ${withPort(focus, at(focus, 1), packet.dport)}`);
      return ofOneEnd(
        { ...packet, destination: at(focus, 1, VIRTUAL_SUBNET) },
        { ...packet, destination: at(focus, 2, VIRTUAL_SUBNET) },
      );
    },
  ],
];
