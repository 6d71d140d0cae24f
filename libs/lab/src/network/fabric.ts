/**
 * The underlay: a bridge that all nodes are plugged into, the gateway on it, and a host beyond the gateway.
 *
 *   external 203.0.113.10 ── 203.0.113.1 [fabric: br0 172.18.0.1] ─┬─ eth0 172.18.0.11 [node-1]
 *                                                                  └─ eth0 172.18.0.12 [node-2] …
 *
 * The gateway knows no pod CIDR: a pod's address that leaves a node unmasqueraded gets no answer, as in most real networks.
 */
import { run } from '../command.ts';
import {
  EXTERNAL_ADDRESS,
  EXTERNAL_GATEWAY,
  externalNetns,
  fabricNetns,
  type LabSpec,
  type NodePlan,
  netnsPath,
  UNDERLAY_GATEWAY,
} from '../spec.ts';
import { ipBatch, setSysctls } from './kernel.ts';

export async function createNamespaces(spec: LabSpec, nodes: readonly NodePlan[]): Promise<void> {
  const names = [fabricNetns(spec.name), externalNetns(spec.name), ...nodes.map(({ netns }) => netns)];
  await run(['ip', '-batch', '-'], { input: names.map((name) => `netns add ${name}\n`).join('') });
}

export async function createFabric(spec: LabSpec, nodes: readonly NodePlan[]): Promise<void> {
  const fabric = netnsPath(fabricNetns(spec.name));
  const external = netnsPath(externalNetns(spec.name));
  await setSysctls(fabric, {
    'net.ipv6.conf.all.disable_ipv6': '1',
    'net.ipv6.conf.default.disable_ipv6': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.send_redirects': '0',
    'net.ipv4.ip_forward': '1',
  });
  await setSysctls(external, { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' });
  await ipBatch(fabric, [
    'link set lo up',
    'link add br0 address 02:42:ac:12:00:01 type bridge',
    `address add ${UNDERLAY_GATEWAY}/24 dev br0`,
    'link set br0 up',
    ...nodes.flatMap(({ index, mac, netns }) => [
      `link add n${index} type veth peer name eth0 address ${mac} netns ${netns}`,
      `link set n${index} master br0 up`,
    ]),
    `link add outside type veth peer name eth0 netns ${externalNetns(spec.name)}`,
    `address add ${EXTERNAL_GATEWAY}/24 dev outside`,
    'link set outside up',
  ]);
  await ipBatch(external, [
    'link set lo up',
    `address add ${EXTERNAL_ADDRESS}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${EXTERNAL_GATEWAY}`,
  ]);
}
