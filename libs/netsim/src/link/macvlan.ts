/** macvlan devices: who hears whom on a shared parent (drivers/net/macvlan.c: macvlan_queue_xmit, macvlan_handle_frame). */
import type { Link } from '@netverdict/linux-net';
import type { FeatureOf } from '../walk/features/index.ts';
import type { Walk } from '../walk/walk.ts';
import { upperOf, type WorldNamespace } from '../world/world.ts';
import type { Cast, Member } from './spread.ts';

export const macvlanMode = (link: Link): string => (link.detail.kind === 'macvlan' ? link.detail.mode : '');
/** The kernel has these modes only (IFLA_MACVLAN_MODE). */
const modeFeature = (link: Link): FeatureOf<'link'> => `link/macvlan-${macvlanMode(link)}` as FeatureOf<'link'>;
const isMacvlan = ({ link }: Member): boolean => link.detail.kind === 'macvlan';

/**
 * Other macvlans of the parent, both in mode `bridge`, hear each other directly; all else goes out of the parent. Who sends to its own
 * address (a device without ARP has its neighbours there) hears itself.
 */
export function siblingsThatHear(
  walk: Walk,
  ns: WorldNamespace,
  from: Link,
  lower: Member,
  to: Cast['to'],
): readonly Member[] {
  const isItself = (m: Member): boolean => m.ns === ns && m.link.ifindex === from.ifindex;
  return upperOf(walk.world, lower.ns, lower.link).filter((m) => {
    if (!isMacvlan(m)) return false;
    if (to === 'broadcast' || to === 'multicast' ? isItself(m) : m.link.mac !== to) return false;
    const both = macvlanMode(from) === 'bridge' && macvlanMode(m.link) === 'bridge';
    return walk.sees(modeFeature(from), both) && m.link.up;
  });
}

/**
 * What comes in at the parent: to all its macvlans if it is for all, else to the one that has the address. `only`: the parent
 * itself does not get it. A frame that one of them sent and that came back goes to none but those in mode vepa or bridge.
 */
export function macvlansThatHear(
  walk: Walk,
  parent: Member,
  uppers: readonly Member[],
  cast: Cast,
): { readonly by: readonly Member[]; readonly only: boolean } {
  const macvlans = uppers.filter(isMacvlan);
  if (macvlans.length === 0) return { by: [], only: false };
  if (cast.to === 'broadcast' || cast.to === 'multicast') {
    const sender = macvlans.find((m) => m.link.mac === cast.from);
    const mode = sender ? macvlanMode(sender.link) : null;
    if (mode === 'private' || mode === 'passthru') return { by: [], only: true };
    const hear = macvlans.filter(
      (m) =>
        m !== sender &&
        macvlanMode(m.link) !== 'source' &&
        (mode === null || macvlanMode(m.link) === 'vepa' || (mode === 'vepa' && macvlanMode(m.link) === 'bridge')),
    );
    return { by: hear.filter((m) => walk.sees(modeFeature(m.link), true)), only: false };
  }
  const passthru = macvlans.find((m) => macvlanMode(m.link) === 'passthru');
  if (passthru) return { by: walk.sees('link/macvlan-passthru', true) ? [passthru] : [], only: true };
  const owner = macvlans.find((m) => m.link.mac === cast.to && macvlanMode(m.link) !== 'source');
  if (!owner || owner.link.mac === parent.link.mac) return { by: owner ? [owner] : [], only: owner !== undefined };
  return walk.sees(modeFeature(owner.link), true) ? { by: [owner], only: true } : { by: [], only: true };
}
