/** What was judged is in the report: each flow that disagrees with its world, each that is undetermined with why. */
import { expect, it } from 'vitest';
import type { Comparison } from '../compare/agree.ts';
import { WorldRefused } from '../kernel/world-refused.ts';
import { flowOf, namespaceOf, worldOf } from '../kernel/worlds.ts';
import type { Observation } from '../world/observation.ts';
import type { JudgedFlow } from './judge-flow.ts';
import { addJudged, addWorld, newTally } from './tally.ts';

const seen: Observation = { flow: 'f', attempt: 0, heard: { kind: 'silence' }, received: null, rules: [] };
const wrong: Comparison = {
  kind: 'disagrees',
  differences: [{ kind: 'outcome', observation: seen, nearest: ['the sender hears silence, the model says answer'] }],
};
const judged = (id: string, comparison: Comparison): JudgedFlow => ({
  flow: { ...flowOf({ from: 'a', protocol: 'udp', destination: '10.0.0.2' }), id },
  predictions: [],
  observations: [seen, { ...seen, attempt: 1, rules: null }],
  comparison,
});
const MS = { up: 1, collect: 2, packets: 3, model: 4 };

it('counts each flow of each world once, and keeps what disagrees with its world and that flow alone', () => {
  const tally = newTally();
  const flows = [
    judged('f0', { kind: 'agrees' }),
    judged('f1', wrong),
    judged('f2', { kind: 'undetermined', unknowns: ['port 80 of 10'] }),
    judged('f3', wrong),
  ];
  const spec = { ...worldOf([namespaceOf('a')]), id: '7/1', flows: flows.map(({ flow }) => flow) };
  expect(addWorld(tally, { spec, collected: [], flows, ms: MS }).map(({ flow }) => flow.id)).toEqual(['f1', 'f3']);
  expect(addWorld(tally, { spec: { ...spec, id: '7/2' }, collected: [], flows: flows.slice(0, 1), ms: MS })).toEqual(
    [],
  );

  expect(tally.disagreements.map(({ world, flow }) => `${world} ${flow}`)).toEqual(['7/1 f1', '7/1 f3']);
  expect(tally.disagreements[1]).toMatchObject({
    differences: wrong.differences,
    shrunk: { id: '7/1', flows: [{ id: 'f3' }] },
  });
  expect(tally).toMatchObject({
    worlds: 2,
    flows: 5,
    attempts: 10,
    untraced: 5,
    undetermined: 1,
    unknowns: { 'port N of N': 1 },
  });
  expect(tally.outcomes).toEqual({ '?, heard silence': 5 });
  expect(tally.ms).toEqual({ up: 2, collect: 4, packets: 6, model: 8 });
});

it('a world that a tool refuses is named, and any other error ends the run', async () => {
  const tally = newTally();
  const refused = new WorldRefused({ namespace: 'a', tool: 'nft', line: 'table x', message: 'syntax error' });
  expect(await addJudged(tally, '7/3', () => Promise.reject(refused))).toBeNull();
  expect(tally).toMatchObject({ worlds: 0, flows: 0, refused: [{ world: '7/3', message: refused.message }] });
  await expect(addJudged(tally, '7/4', () => Promise.reject(new Error('the prober died')))).rejects.toThrow(
    'the prober',
  );
  expect(tally.refused).toHaveLength(1);
});
