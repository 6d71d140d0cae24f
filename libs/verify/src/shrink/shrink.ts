/**
 * The smallest world that still disagrees: lines, sockets, flows and whole namespaces are left out while the disagreement
 * stays (ddmin, Zeller and Hildebrandt 2002). What is left is what the disagreement is about.
 */
import type { NamespaceSpec, WorldSpec } from '../world/spec.ts';

const LISTS = [
  'nft',
  'iptablesLegacy',
  'iptablesNft',
  'ip6tablesLegacy',
  'ip6tablesNft',
  'nftFirst',
  'ipset',
  'sockets',
  'late',
  'ip6',
  'ip',
  'bridge',
  'deviceSysctls',
  'sysctls',
  'links',
] as const satisfies readonly (keyof NamespaceSpec)[];

/** `disagrees` brings the world up and compares; it must give false where a tool refuses the world. At most `tries` times. */
export async function shrink(
  world: WorldSpec,
  disagrees: (candidate: WorldSpec) => Promise<boolean>,
  tries = 400,
): Promise<WorldSpec> {
  let best = world;
  let left = tries;
  const attempt = async (candidate: WorldSpec): Promise<boolean> => {
    if (left <= 0) return false;
    left--;
    if (!(await disagrees(candidate))) return false;
    best = candidate;
    return true;
  };
  await attempt({ ...best, prelude: [] });
  await fewest(best.prelude, async (prelude) => attempt({ ...best, prelude }));
  for (let before = Number.POSITIVE_INFINITY; weight(best) < before && left > 0; ) {
    before = weight(best);
    const senders = new Set([...best.flows, ...best.prelude].map((flow) => flow.from));
    for (const ns of best.namespaces)
      if (!senders.has(ns.name))
        await attempt({ ...best, namespaces: best.namespaces.filter((n) => n.name !== ns.name) });
    for (const { name } of best.namespaces)
      for (const list of LISTS) {
        const now = best.namespaces.find((n) => n.name === name);
        if (!now) continue;
        if (now[list].length === 0) continue;
        if (await attempt(withList(best, name, list, []))) continue;
        await fewest<unknown>(now[list], async (lines) => attempt(withList(best, name, list, lines)));
      }
  }
  return best;
}

const withList = (world: WorldSpec, name: string, list: keyof NamespaceSpec, lines: readonly unknown[]): WorldSpec => ({
  ...world,
  namespaces: world.namespaces.map((ns) => (ns.name === name ? { ...ns, [list]: lines } : ns)),
});

const weight = (world: WorldSpec): number =>
  world.prelude.length + world.namespaces.reduce((sum, ns) => sum + 1 + LISTS.reduce((n, l) => n + ns[l].length, 0), 0);

/** Leaves out halves, quarters, … down to single elements. */
async function fewest<T>(values: readonly T[], keep: (values: readonly T[]) => Promise<boolean>): Promise<void> {
  let current = [...values];
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < current.length; ) {
      const without = [...current.slice(0, at), ...current.slice(at + size)];
      if (await keep(without)) current = without;
      else at += size;
    }
}
