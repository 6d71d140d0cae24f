import { expect, it } from 'vitest';
import { generate } from '../generate/generate.ts';
import { shrink } from './shrink.ts';

it('leaves the one line that a disagreement is about', async () => {
  const world = generate(1, 3, 1);
  const [first] = world.namespaces;
  if (!first) throw new Error('a world without namespaces');
  const guilty = { ...first, ip: [...first.ip, 'guilty'] };
  const spec = { ...world, namespaces: [guilty, ...world.namespaces.slice(1)] };
  const small = await shrink(spec, async (candidate) => candidate.namespaces.some((ns) => ns.ip.includes('guilty')));
  expect(small.namespaces.flatMap((ns) => ns.ip)).toEqual(['guilty']);
  expect(small.namespaces.flatMap((ns) => [...ns.sockets, ...ns.links, ...ns.iptablesLegacy, ...ns.nft])).toEqual([]);
});

it('gives up after so many tries and keeps what still disagrees', async () => {
  let tries = 0;
  const world = generate(1, 3, 1);
  const small = await shrink(world, async () => ++tries > 0 && false, 5);
  expect(tries).toBe(5);
  expect(small).toEqual(world);
});
