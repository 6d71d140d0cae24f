/** A pod whose traffic a sidecar takes over by its own NAT rules, as service meshes program them (Istio's chains). */
import { address } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft } from '../draft.ts';
import { addSockets } from '../sockets.ts';

const PROXY_UID = 1000;
const INBOUND = 15006;
const OUTBOUND = 15001;

export function sidecar(draft: Draft): void {
  const { random } = draft;
  const pod = addNamespace(draft, 'a', { router: false });
  const router = addNamespace(draft, 'r', { router: true });
  const other = addNamespace(draft, 'b', { router: false });
  addVeth(pod, 'eth0', router, 'to-a');
  addVeth(other, 'eth0', router, 'to-b');
  addAddresses(pod, 'eth0', 1, 1);
  addAddresses(router, 'to-a', 1, 254);
  addAddresses(other, 'eth0', 2, 1);
  addAddresses(router, 'to-b', 2, 254);
  addRoute(pod, 'default', 1, 254);
  addRoute(other, 'default', 2, 254);
  addSockets(draft);
  for (const port of [INBOUND, OUTBOUND])
    if (random.chance(0.85)) pod.sockets.push({ protocol: 'tcp', family: 'ipv6', address: '::', port, v6only: false });
  for (const family of ['ipv4', 'ipv6'] as const) {
    draft.targets.push({ family, address: address(family, 1, 1), port: null });
    const list =
      family === 'ipv4'
        ? random.pick([pod.iptablesLegacy, pod.iptablesNft])
        : random.pick([pod.ip6tablesLegacy, pod.ip6tablesNft]);
    const loopback = family === 'ipv4' ? '127.0.0.1/32' : '::1/128';
    const passthrough = family === 'ipv4' ? '127.0.0.6/32' : '::6/128';
    list.push(
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ':ISTIO_INBOUND - [0:0]',
      ':ISTIO_IN_REDIRECT - [0:0]',
      ':ISTIO_OUTPUT - [0:0]',
      ':ISTIO_REDIRECT - [0:0]',
      '-A PREROUTING -p tcp -j ISTIO_INBOUND',
      '-A OUTPUT -j ISTIO_OUTPUT',
      '-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN',
      ...(random.chance(0.5) ? ['-A ISTIO_INBOUND -p tcp -m tcp --dport 443 -j RETURN'] : []),
      '-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT',
      `-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports ${INBOUND}`,
      `-A ISTIO_OUTPUT -s ${passthrough} -o lo -j RETURN`,
      `-A ISTIO_OUTPUT ! -d ${loopback} -o lo -p tcp -m tcp ! --dport 15008 -m owner --uid-owner ${PROXY_UID} -j ISTIO_IN_REDIRECT`,
      `-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner ${PROXY_UID} -j RETURN`,
      `-A ISTIO_OUTPUT -m owner --uid-owner ${PROXY_UID} -j RETURN`,
      `-A ISTIO_OUTPUT -d ${loopback} -j RETURN`,
      ...(random.chance(0.3) ? [`-A ISTIO_OUTPUT -d ${address(family, 2, 1)} -p tcp -m tcp --dport 80 -j RETURN`] : []),
      '-A ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT',
      `-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports ${OUTBOUND}`,
      'COMMIT',
    );
  }
}
