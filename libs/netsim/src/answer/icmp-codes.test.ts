/**
 * Each name that REJECT takes, and the ICMP type and code that its packet bears: what reject_tg and reject_tg6 (ipt_REJECT.c,
 * ip6t_REJECT.c) send for it, by the numbers of RFC 792, RFC 1812 (5.2.7.1) and RFC 4443 (3.1).
 */
import type { RejectWith } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { isRejection, REJECTIONS } from './icmp-codes.ts';

const SENT: Readonly<Record<RejectWith, string>> = {
  'icmp-net-unreachable': 'destination unreachable (3), net (0)',
  'icmp-host-unreachable': 'destination unreachable (3), host (1)',
  'icmp-proto-unreachable': 'destination unreachable (3), protocol (2)',
  'icmp-port-unreachable': 'destination unreachable (3), port (3)',
  'icmp-net-prohibited': 'destination unreachable (3), net administratively prohibited (9)',
  'icmp-host-prohibited': 'destination unreachable (3), host administratively prohibited (10)',
  'icmp-admin-prohibited': 'destination unreachable (3), communication administratively prohibited (13)',
  'tcp-reset': 'a RST',
  'icmp6-no-route': 'destination unreachable (1), no route (0)',
  'icmp6-adm-prohibited': 'destination unreachable (1), administratively prohibited (1)',
  'icmp6-addr-unreachable': 'destination unreachable (1), address (3)',
  'icmp6-port-unreachable': 'destination unreachable (1), port (4)',
  'icmp6-policy-fail': 'destination unreachable (1), source address failed ingress/egress policy (5)',
  'icmp6-reject-route': 'destination unreachable (1), reject route (6)',
};

it.each(Object.entries(SENT) as [RejectWith, string][])('REJECT --reject-with %s: %s', (name, sent) => {
  const numbers = [...sent.matchAll(/\((\d+)\)/g)].map((m) => Number(m[1]));
  const kind = REJECTIONS[name];
  expect(kind === null ? [] : [kind.type, kind.code]).toEqual(numbers);
  expect(isRejection(name)).toBe(true);
});

it.each(['icmp6-not-neighbour', 'toString', ''])('%o is no name that REJECT takes', (name) => {
  expect(isRejection(name)).toBe(false);
});
