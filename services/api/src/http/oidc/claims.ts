/** What an issuer's claims allow here, as the configuration says. Pure. */
import { ROLES, type Role } from '@netverdict/contracts';
import type { Scope } from '../authority.ts';

export interface ClaimRules {
  /** Path of the claim whose values have roles: `groups`, `realm_access.roles`. */
  readonly roleClaim: string;
  /** Value to role. */
  readonly roles: ReadonlyMap<string, Role>;
  /** Path of the claim that lists what may be seen; null: all may. */
  readonly clusterClaim: string | null;
  readonly namespaceClaim: string | null;
}

export type Allowed =
  | { readonly role: Role; readonly scope: Scope }
  /** Why nothing is. */
  | { readonly refusal: string };

/** `sre=operator,everyone=viewer` @throws Error */
export function roleRules(entries: readonly string[]): ReadonlyMap<string, Role> {
  const rules = new Map<string, Role>();
  for (const entry of entries) {
    const at = entry.lastIndexOf('=');
    const role = ROLES.find((one) => one === entry.slice(at + 1));
    if (at < 1 || role === undefined)
      throw new Error(`must be a list of value=role with the roles ${ROLES.join(', ')}, not "${entry}"`);
    rules.set(entry.slice(0, at), role);
  }
  return rules;
}

/** Names with dots may be one name: `https://example.org/groups`. */
function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let at: unknown = claims;
  for (const part of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** A text is a list with spaces between, as `scope` has it. */
function listAt(claims: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const value = claimAt(claims, path);
  if (typeof value === 'string') return value.split(' ').filter((one) => one !== '');
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : [];
}

/** `*`: all. Not there: none, since a claim that was forgotten must not open everything. */
function scopeAt(claims: Readonly<Record<string, unknown>>, path: string | null): readonly string[] | null {
  if (path === null) return null;
  const listed = listAt(claims, path);
  return listed.includes('*') ? null : listed;
}

export function allowedBy(claims: Readonly<Record<string, unknown>>, rules: ClaimRules): Allowed {
  const given = listAt(claims, rules.roleClaim).flatMap((value) => rules.roles.get(value) ?? []);
  const role = ROLES.findLast((one) => given.includes(one));
  if (role === undefined) return { refusal: `No value of its claim ${rules.roleClaim} has a role here.` };
  const clusters = scopeAt(claims, rules.clusterClaim);
  if (clusters?.length === 0) return { refusal: `Its claim ${rules.clusterClaim} names no cluster.` };
  const namespaces = scopeAt(claims, rules.namespaceClaim);
  if (namespaces?.length === 0) return { refusal: `Its claim ${rules.namespaceClaim} names no namespace.` };
  return { role, scope: { clusters, namespaces } };
}
