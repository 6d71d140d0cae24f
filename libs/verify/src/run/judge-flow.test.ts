import { describe, expect, it } from 'vitest';
import { flowOf } from '../kernel/worlds.ts';
import type { Prediction } from '../model/predict.ts';
import type { Observation } from '../world/observation.ts';
import { judgeFlow, predictOrSay } from './judge-flow.ts';

const silence: Prediction = {
  branches: [
    {
      share: 1,
      disposition: 'dropped',
      heard: { kind: 'silence' },
      told: null,
      toldOfAnswer: null,
      received: null,
      rules: [],
    },
  ],
  unknowns: [],
};
const flow = { ...flowOf({ from: 'a', protocol: 'udp', destination: '10.0.0.2' }), repeat: 3 };
const seen = (...heard: ('silence' | 'answer')[]): Observation[] =>
  heard.map((kind, attempt) => ({ flow: flow.id, attempt, heard: { kind }, received: null, rules: [] }));
const judged = (observations: readonly Observation[], predictAgain = (_: number): Prediction => silence) =>
  judgeFlow({ flow, first: silence, predictAgain, observations }).comparison;

describe('each packet of a flow is judged', () => {
  it('and agrees where all do', () => {
    expect(judged(seen('silence', 'silence', 'silence'))).toEqual({ kind: 'agrees' });
  });

  it('also the last one', () => {
    expect(judged(seen('silence', 'silence', 'answer'))).toMatchObject({
      kind: 'disagrees',
      differences: [{ kind: 'outcome', observation: { attempt: 2 } }],
    });
  });

  it('and one that was not seen is no agreement', () => {
    expect(judged(seen('silence', 'silence'))).toMatchObject({ differences: [{ kind: 'not-observed', seen: 2 }] });
  });
});

describe('a model that throws disagrees', () => {
  const fail = (): never => {
    throw new Error('no such chain');
  };

  it('about the first packet', () => {
    const first = predictOrSay(fail);
    const { comparison } = judgeFlow({ flow, first, predictAgain: () => silence, observations: seen('silence') });
    expect(comparison).toMatchObject({ kind: 'disagrees', differences: [{ kind: 'threw' }] });
    expect(JSON.stringify(comparison)).toContain('no such chain');
  });

  it('about a later one', () => {
    expect(
      judged(seen('silence', 'silence', 'silence'), (attempt) => (attempt === 2 ? fail() : silence)),
    ).toMatchObject({
      differences: [{ kind: 'threw' }],
    });
  });
});
