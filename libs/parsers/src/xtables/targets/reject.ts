/** -j REJECT */
import type { RejectWith, XtTarget } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Module } from '../module.ts';
import type { TargetPrinters } from './printers.ts';

const WITH4: Readonly<Record<string, RejectWith>> = {
  'icmp-net-unreachable': 'icmp-net-unreachable',
  'net-unreach': 'icmp-net-unreachable',
  'icmp-host-unreachable': 'icmp-host-unreachable',
  'host-unreach': 'icmp-host-unreachable',
  'icmp-proto-unreachable': 'icmp-proto-unreachable',
  'proto-unreach': 'icmp-proto-unreachable',
  'icmp-port-unreachable': 'icmp-port-unreachable',
  'port-unreach': 'icmp-port-unreachable',
  'icmp-net-prohibited': 'icmp-net-prohibited',
  'net-prohib': 'icmp-net-prohibited',
  'icmp-host-prohibited': 'icmp-host-prohibited',
  'host-prohib': 'icmp-host-prohibited',
  'icmp-admin-prohibited': 'icmp-admin-prohibited',
  'admin-prohib': 'icmp-admin-prohibited',
  'tcp-reset': 'tcp-reset',
  'tcp-rst': 'tcp-reset',
};
const WITH6: Readonly<Record<string, RejectWith>> = {
  'icmp6-no-route': 'icmp6-no-route',
  'no-route': 'icmp6-no-route',
  'icmp6-adm-prohibited': 'icmp6-adm-prohibited',
  'adm-prohibited': 'icmp6-adm-prohibited',
  'icmp6-addr-unreachable': 'icmp6-addr-unreachable',
  'addr-unreach': 'icmp6-addr-unreachable',
  'icmp6-port-unreachable': 'icmp6-port-unreachable',
  'port-unreach': 'icmp6-port-unreachable',
  'icmp6-policy-fail': 'icmp6-policy-fail',
  'policy-fail': 'icmp6-policy-fail',
  'icmp6-reject-route': 'icmp6-reject-route',
  'reject-route': 'icmp6-reject-route',
  'tcp-reset': 'tcp-reset',
};

export const reject: Module<XtTarget> = {
  options: { '--reject-with': 1 },
  build: (given, family) => {
    const g = find(given, '--reject-with');
    if (!g) return { kind: 'reject', with: family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable' };
    const answer = (family === 'ipv4' ? WITH4 : WITH6)[arg(g)];
    if (!answer) throw new Malformed(`"${arg(g)}" is not an answer of REJECT`);
    return { kind: 'reject', with: answer };
  },
};

export const print: Pick<TargetPrinters, 'reject'> = { reject: (t) => `-j REJECT --reject-with ${t.with}` };
