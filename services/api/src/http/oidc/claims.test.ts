import { expect, test } from 'vitest';
import { algorithms } from './algorithms.ts';
import { allowedBy, type ClaimRules, roleRules } from './claims.ts';

const rules: ClaimRules = {
  roleClaim: 'groups',
  roles: roleRules(['everyone=viewer', 'sre=operator', 'a=b=admin']),
  clusterClaim: null,
  namespaceClaim: null,
};

test('the highest role of a token’s groups counts, and without one nothing is allowed', () => {
  expect(allowedBy({ groups: ['sre', 'everyone'] }, rules)).toMatchObject({ role: 'operator' });
  expect(allowedBy({ groups: 'everyone a=b' }, rules)).toMatchObject({ role: 'admin' });
  for (const claims of [{}, { groups: ['admin'] }, { groups: 7 }, { groups: [['sre']] }, { groups: { sre: true } }])
    expect(allowedBy(claims, rules)).toEqual({ refusal: 'No value of its claim groups has a role here.' });
});

test('a claim may lie in another, or have dots in its name; what an object inherits is no claim', () => {
  const at = (roleClaim: string, claims: object): boolean =>
    'role' in allowedBy({ ...claims }, { ...rules, roleClaim });
  expect(at('realm_access.roles', { realm_access: { roles: ['sre'] } })).toBe(true);
  expect(at('https://example.org/groups', { 'https://example.org/groups': ['sre'] })).toBe(true);
  expect(at('constructor.name', {})).toBe(false);
  expect(at('a.b', { a: null })).toBe(false);
});

test('scopes are what the claims list; a star is all, and a claim that was forgotten is nothing', () => {
  const scoped = { ...rules, clusterClaim: 'clusters', namespaceClaim: 'teams' };
  const groups = ['sre'];
  expect(allowedBy({ groups, clusters: ['east'], teams: 'shop bank' }, scoped)).toEqual({
    role: 'operator',
    scope: { clusters: ['east'], namespaces: ['shop', 'bank'] },
  });
  expect(allowedBy({ groups, clusters: '*', teams: ['*'] }, scoped)).toMatchObject({
    scope: { clusters: null, namespaces: null },
  });
  expect(allowedBy({ groups, clusters: ['east'] }, scoped)).toEqual({ refusal: 'Its claim teams names no namespace.' });
  expect(allowedBy({ groups, teams: ['shop'] }, scoped)).toEqual({ refusal: 'Its claim clusters names no cluster.' });
});

test('rules and algorithms that make no sense are refused at start', () => {
  expect(() => roleRules(['sre=root'])).toThrow('viewer, operator, admin, not "sre=root"');
  expect(() => roleRules(['=admin'])).toThrow('value=role');
  for (const wrong of [['none'], ['HS256'], ['RS256', 'hs512'], []]) expect(() => algorithms(wrong)).toThrow('RS256');
  expect(algorithms(['ES256'])).toEqual(['ES256']);
});
