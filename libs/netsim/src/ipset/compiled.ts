/** A set prepared for looking up. Depends on nothing but the parsed set, so it is kept with the namespace. */
import { IP_SET_TYPES, type IpAddress, type IpSet, type IpSetType } from '@netverdict/linux-net';
import { type Entry, entryOf } from './entry.ts';
import { buildInterfaces, type Interfaces } from './interfaces.ts';
import { buildTries, type Tries } from './tries.ts';

export type CompiledIpSet =
  | { readonly kind: 'unsupported'; readonly name: string; readonly type: string }
  | (Common & { readonly kind: 'tries'; readonly tries: Tries })
  | (Common & { readonly kind: 'interfaces'; readonly interfaces: Interfaces })
  | (Common & { readonly kind: 'list'; readonly sets: readonly { readonly name: string; readonly entry: Entry }[] });

interface Common {
  readonly name: string;
  readonly type: IpSetType;
  readonly source: Extract<IpSet, { kind: 'members' }>;
  /** How many directions a rule has to give at least: with fewer, nothing matches (ip_set_test). */
  readonly dimension: number;
  readonly mask: IpAddress | null;
}

export type CompiledIpSets = ReadonlyMap<string, CompiledIpSet>;

export const compileIpSets = (sets: readonly IpSet[]): CompiledIpSets =>
  new Map(sets.map((set) => [set.name, compileIpSet(set)]));

export function compileIpSet(set: IpSet): CompiledIpSet {
  if (set.kind === 'unsupported') return { kind: 'unsupported', name: set.name, type: set.type };
  const { name, type, options, members } = set;
  const common: Common = { name, type, source: set, dimension: IP_SET_TYPES[type].length, mask: options.mask };
  if (type === 'list:set')
    return {
      ...common,
      kind: 'list',
      sets: members.flatMap((member) =>
        member.parts.flatMap((part) => (part.kind === 'set' ? [{ name: part.name, entry: entryOf(member) }] : [])),
      ),
    };
  if (type === 'hash:net,iface') return { ...common, kind: 'interfaces', interfaces: buildInterfaces(members) };
  return { ...common, kind: 'tries', tries: buildTries(type, members, options.mask) };
}
