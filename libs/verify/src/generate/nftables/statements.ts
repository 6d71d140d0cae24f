/** What nft rules do; null: this cannot stand here. */
import { drawLots } from '../draft.ts';
import { keyWords } from './matches.ts';
import { anEnd, hasPorts, ipWord, type NftPlace, within } from './place.ts';

type Maker = (place: NftPlace) => string | null;

const nat = (p: NftPlace): boolean => p.chainType === 'nat';
const port = (p: NftPlace): number => p.draft.random.pick([80, 443, 8080]);
/** In an `inet` table nat says which family it means. */
const family = (p: NftPlace): string => (p.table === 'inet' ? ` ${ipWord(p)}` : '');
const withPort = (p: NftPlace, address: string): string =>
  p.family === 'ipv4' ? `${address}:${port(p)}` : `[${address}]:${port(p)}`;

export const NFT_STATEMENTS: Readonly<Record<string, readonly [weight: number, Maker]>> = {
  nothing: [0.7, () => 'counter'],
  accept: [3, () => 'accept'],
  drop: [1.5, (p) => (nat(p) ? null : 'drop')],
  return: [1, () => 'return'],
  log: [0.5, () => 'log prefix "v" group 9'],
  reject: [
    1.5,
    (p) => {
      if (p.chainType !== 'filter' || !within(p, 'input', 'forward', 'output')) return null;
      const { random } = p.draft;
      if (p.protocol === 'tcp' && random.chance(0.4)) return 'reject with tcp reset';
      if (p.table === 'inet' && random.chance(0.5))
        return `reject with icmpx type ${random.pick(['port-unreachable', 'host-unreachable', 'no-route', 'admin-prohibited'])}`;
      return p.family === 'ipv4'
        ? `reject with icmp type ${random.pick(['port-unreachable', 'host-unreachable', 'net-unreachable', 'prot-unreachable', 'net-prohibited', 'host-prohibited', 'admin-prohibited'])}`
        : `reject with icmpv6 type ${random.pick(['port-unreachable', 'addr-unreachable', 'no-route', 'admin-prohibited'])}`;
    },
  ],
  mark: [
    2,
    (p) =>
      `meta mark set ${p.draft.random.pick(['1', '0x4000', 'mark | 0x2', 'mark & 0xff', 'mark ^ 0x1', 'ct mark'])}`,
  ],
  'ct-mark': [1.5, (p) => `ct mark set ${p.draft.random.pick(['1', 'meta mark', '0x4000', 'ct mark | 0x2'])}`],
  dscp: [1, (p) => (nat(p) ? null : `${ipWord(p)} dscp set ${p.draft.random.pick(['ef', 'af11', 'cs0'])}`)],
  ttl: [
    0.7,
    (p) =>
      nat(p)
        ? null
        : p.family === 'ipv4'
          ? `ip ttl set ${p.draft.random.pick([64, 5])}`
          : `ip6 hoplimit set ${p.draft.random.pick([64, 5])}`,
  ],
  notrack: [1, (p) => (p.chainType === 'filter' && within(p, 'prerouting', 'output') ? 'notrack' : null)],
  dnat: [
    4,
    (p) =>
      nat(p) && within(p, 'prerouting', 'output')
        ? hasPorts(p) && p.draft.random.chance(0.6)
          ? `dnat${family(p)} to ${withPort(p, anEnd(p.draft, p.family))}`
          : `dnat${family(p)} to ${anEnd(p.draft, p.family)}`
        : null,
  ],
  'dnat-map': [
    2,
    (p) => {
      if (!nat(p) || !within(p, 'prerouting', 'output') || !hasPorts(p) || !drawLots(p.draft)) return null;
      const [a, b] = [anEnd(p.draft, p.family), anEnd(p.draft, p.family)];
      return `dnat${family(p)} ${p.table === 'inet' ? '' : ''}to numgen random mod 2 map { 0 : ${a}, 1 : ${b} }`;
    },
  ],
  snat: [
    3,
    (p) => {
      if (!nat(p) || !within(p, 'postrouting', 'input')) return null;
      const own = p.ns.devices.filter((d) => d.subnet !== null);
      if (own.length === 0) return null;
      const d = p.draft.random.pick(own);
      const to =
        p.family === 'ipv4'
          ? `10.${d.subnet}.0.${d.host}`
          : `fd00:${(d.subnet ?? 1).toString(16)}::${(d.host ?? 1).toString(16)}`;
      return `snat${family(p)} to ${to}`;
    },
  ],
  masquerade: [
    3,
    (p) =>
      nat(p) && within(p, 'postrouting') ? `masquerade${p.draft.random.chance(0.15) ? ' fully-random' : ''}` : null,
  ],
  redirect: [
    1.5,
    (p) => (nat(p) && within(p, 'prerouting', 'output') && hasPorts(p) ? `redirect to :${port(p)}` : null),
  ],
  'verdict-map': [
    2,
    (p) => {
      const usable = p.sets.filter(
        (s) => s.gives === 'verdict' && s.family === p.family && (!nat(p) || !s.text.join().includes('drop')),
      );
      if (usable.length > 0 && p.draft.random.chance(0.7)) {
        const set = p.draft.random.pick(usable);
        const words = keyWords(p, set.key);
        if (words) return `${words} vmap @${set.name}`;
      }
      return hasPorts(p)
        ? `${p.protocol} dport vmap { 80 : accept, 443-1024 : ${nat(p) ? 'return' : 'drop'}, 8080 : return }`
        : null;
    },
  ],
  'mark-map': [
    1,
    (p) => (hasPorts(p) ? `meta mark set ${p.protocol} dport map { 80 : 1, 443 : 0x4000, 1024-65535 : 2 }` : null),
  ],
  tproxy: [
    0.5,
    (p) =>
      p.chainType === 'filter' && within(p, 'prerouting') && hasPorts(p)
        ? `tproxy${family(p)} to :${port(p)} meta mark set 1 accept`
        : null,
  ],
};
