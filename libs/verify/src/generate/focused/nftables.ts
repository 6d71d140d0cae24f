/** One condition or one statement of nft for each packet. */
import type { Draft } from '../draft.ts';
import { NFT_MATCHES } from '../nftables/matches.ts';
import type { NftHook, NftPlace } from '../nftables/place.ts';
import { namedSet } from '../nftables/ruleset.ts';
import { NFT_STATEMENTS } from '../nftables/statements.ts';
import { addFocused, focusedShape } from './focused.ts';

const HOOKS: readonly NftHook[] = ['prerouting', 'input', 'forward', 'postrouting'];
const KINDS = Object.keys(NFT_MATCHES).filter((kind) => kind !== 'numgen');

export function focusedNft(draft: Draft, count: number): void {
  const router = focusedShape(draft);
  const { random } = draft;
  const table = random.pick(['inet', 'inet', 'ip', 'ip6'] as const);
  const sets = Array.from({ length: 6 }, (_, i) =>
    namedSet(
      draft,
      `s${i}`,
      table === 'ip' ? 'ipv4' : table === 'ip6' ? 'ipv6' : random.pick(['ipv4', 'ipv6'] as const),
    ),
  );
  const chains = new Map<string, { readonly type: NftPlace['chainType']; readonly rules: string[] }>();
  const into = (type: NftPlace['chainType'], hook: NftHook, rule: string): void => {
    const key = `${type}-${hook}`;
    const chain = chains.get(key) ?? { type, rules: [] };
    chains.set(key, chain);
    chain.rules.push(rule);
  };
  addFocused(draft, router, count, (focus, packet) => {
    if ((table === 'ip' && focus.family === 'ipv6') || (table === 'ip6' && focus.family === 'ipv4')) return null;
    const { protocol, family, ports } = focus;
    const gate = `${table === 'inet' ? `meta nfproto ${family} ` : ''}${protocol} sport ${ports.from}-${ports.to}`;
    for (let tries = 0; tries < 12; tries++) {
      const statement = random.chance(0.35);
      const type = statement ? random.pick(['filter', 'nat'] as const) : 'filter';
      const hook = random.pick(type === 'nat' ? (['prerouting', 'postrouting'] as const) : HOOKS);
      const place: NftPlace = {
        draft,
        ns: focus.router,
        table,
        chainType: type,
        hooks: [hook],
        protocol,
        family,
        sets,
      };
      const text = statement
        ? random.pick(Object.values(NFT_STATEMENTS))[1](place)
        : (NFT_MATCHES[random.pick(KINDS)]?.(place) ?? null);
      // The gate asks for the family and the protocol already: asking again would be a conflict or nothing.
      if (text === null || text.startsWith('meta nfproto') || text.startsWith('meta l4proto')) continue;
      const conditional = statement ? text : `${text} drop`;
      const marks = /mark set/.test(text);
      into(type, hook, `${gate} ${conditional}`);
      if (marks && hook === 'prerouting')
        into('filter', random.pick(['forward', 'input']), `${gate} meta mark & 0x4003 != 0 drop`);
      if (statement && /accept|return|vmap/.test(text) && type === 'filter') into('filter', hook, `${gate} drop`);
      return packet;
    }
    return null;
  });
  router.nft.push(
    `table ${table} f {`,
    ...sets.flatMap((set) => set.text),
    ...[...chains].flatMap(([key, { type, rules }]) => {
      const hook = key.split('-')[1] ?? '';
      const priority = type === 'nat' ? (hook === 'prerouting' ? -100 : 100) : hook === 'prerouting' ? -150 : 5;
      return [
        `chain ${key} {`,
        `  type ${type} hook ${hook} priority ${priority};`,
        ...rules.map((rule) => `  ${rule}`),
        '}',
      ];
    }),
    '}',
  );
}
