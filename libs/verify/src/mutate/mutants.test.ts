import { expect, it } from 'vitest';
import { mutantsOf } from './mutants.ts';

const words = (text: string): string[] => mutantsOf('x.ts', text).map((m) => `${m.was} → ${m.replacement}`);

it('turns conditions, comparisons, masks, truths, orders and hooks round', () => {
  expect(words('if (a < 3 && b === c) x = a & 0xff;')).toEqual([
    'a < 3 && b === c → !(a < 3 && b === c)',
    '< → <=',
    '=== → !==',
    '& → |',
    '0xff → 254',
  ]);
  expect(words('const f = (): boolean => !done || true;')).toEqual(['!done → (done)', 'true → false']);
  expect(words('list.sort((a, b) => b.at - a.at || a.of - b.of);')).toEqual([
    'b.at - a.at → a.at - b.at',
    'a.of - b.of → b.of - a.of',
  ]);
  expect(words("run({ hook: 'INPUT' });")).toEqual(["'INPUT' → 'FORWARD'"]);
});

it('a condition is turned round once, be it with its name or without', () => {
  expect(words('if (a === b) c();')).toEqual(['a === b → !(a === b)']);
  expect(words('if (!a) c();')).toEqual(['!a → !(!a)']);
  expect(words("return walk.sees('route/ttl', packet.ttl > 1);")).toEqual(['> → >=']);
});

it('leaves alone what only tells, defaults for the compiler, and guards for what is not known', () => {
  expect(words("walk.step(ns, { text: 'a' + 1, action: a > b });")).toEqual([]);
  expect(words('if (steps.length > 0) walk.step(ns, text);')).toEqual([]);
  expect(words('if (a > 0) walk.step(ns, a); else if (!b) { walk.step(ns, b); }')).toEqual([]);
  expect(words('e.maybe = false; const f = (maybe = false) => 1; class C { maybe = false; }')).toEqual([]);
  expect(words('if (a > 0) { walk.step(ns, a); go(); }')).toHaveLength(2);
  expect(words('if (!sockets.known) return 1;')).toEqual([]);
  expect(words("import { a } from 'b';\ninterface C { d: 1 | 2 }\ntype E = 3;")).toEqual([]);
  expect(words('x = list[0] ?? false;')).toEqual([]);
  expect(words('const MOST_BRANCHES = 0xff;')).toEqual([]);
  expect(words('const few = ways.size > MOST_WAYS;')).toEqual([]);
  expect(words('for (let i = 0; i < a.length; i++) b(a[i]);')).toEqual([]);
  expect(words('routeOutput(walk, ns, packet, null, false);')).toEqual([]);
  expect(words('routed(walk, ns, packet, key, true, from);')).toEqual([]);
  expect(words("sysctlOn(walk, ns, 'net/ipv4/ip_forward', false);")).toEqual([]);
  expect(words('return { ok: false, next: stopUnread(walk, ns, packet, part) };')).toEqual([]);
  expect(words('unknown = true; wire = true;')).toEqual([]);
  expect(words("if (!walk.sees('a/b', true)) return false;")).toEqual(['true → false']);
  expect(words("return walk.sees('a/b', true) ? false : true;")).toEqual(['true → false', 'false → true']);
  expect(words('routeOut(walk, ns, key, false);')).toEqual(['false → true']);
});
