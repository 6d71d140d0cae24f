/** Virtual addresses as Services have them: translated somewhere on the way, with the answer translated back. */
import { address, FAMILIES, PORTS } from './addresses.ts';
import { type Draft, drawLots } from './draft.ts';
import { addRules, variantFor } from './xtables/variant.ts';

const VIRTUAL_SUBNET = 77;
/** Mapped one to one onto a subnet of the world. */
const MAPPED_SUBNET = 78;

export function translations(draft: Draft): void {
  const { random } = draft;
  const candidates = draft.namespaces.filter((ns) => ns.router);
  const ns = random.pick(candidates.length > 0 && random.chance(0.8) ? candidates : draft.namespaces);
  const ends = draft.namespaces
    .filter((other) => !other.router)
    .flatMap((other) => other.devices.filter((d) => d.subnet !== null));
  for (const family of FAMILIES) {
    const prerouting: string[] = [];
    const postrouting: string[] = [];
    for (let i = 1; i <= random.int(1, 3); i++) {
      const vip = address(family, VIRTUAL_SUBNET, i);
      const port = random.pick([80, 443, 8080]);
      const backends = random
        .some(ends, drawLots(draft) ? random.int(1, 3) : 1)
        .map((d) => address(family, d.subnet ?? 1, d.host ?? 1));
      const protocol = random.pick(['tcp', 'udp'] as const);
      backends.forEach((backend, n) => {
        const left = backends.length - n;
        const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}` : '';
        const to =
          family === 'ipv4' ? `${backend}:${random.pick([80, 8080])}` : `[${backend}]:${random.pick([80, 8080])}`;
        prerouting.push(
          `-d ${vip} -p ${protocol} -m ${protocol} --dport ${port}${chance} -j DNAT --to-destination ${to}`,
        );
      });
      draft.targets.push({ family, address: vip, port });
      if (random.chance(0.5))
        postrouting.push(
          `-p ${protocol} -m conntrack --ctstate DNAT -j MASQUERADE${random.chance(0.2) ? ' --random-fully' : ''}`,
        );
    }
    if (random.chance(0.3)) {
      const { subnet, host } = random.pick(ends);
      const [from, to] = [MAPPED_SUBNET, subnet ?? 1].map((n) =>
        family === 'ipv4' ? `10.${n}.0.0/24` : `fd00:${n.toString(16)}::/64`,
      );
      prerouting.push(`-d ${from} -j NETMAP --to ${to}`);
      draft.targets.push({ family, address: address(family, MAPPED_SUBNET, host ?? 1), port: null });
    }
    if (random.chance(0.2)) {
      const vip = address(family, VIRTUAL_SUBNET, 9);
      const protocol = random.pick(['tcp', 'udp'] as const);
      prerouting.push(`-d ${vip} -p ${protocol} -j REDIRECT --to-ports ${random.pick(PORTS)}`);
      draft.targets.push({ family, address: vip, port: null });
    }
    const list = variantFor(draft, ns, family);
    const rules = [
      ...prerouting.flatMap((rule) => [`-A PREROUTING ${rule}`, `-A OUTPUT ${rule}`]),
      ...postrouting.map((rule) => `-A POSTROUTING ${rule}`),
    ];
    addRules(list, 'nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], rules);
  }
}
