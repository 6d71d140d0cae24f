import { expect, it } from 'vitest';
import { type Look, Measures, type Step } from './measures.ts';

const limits = { cpuPercent: 20, memoryBytes: 100 };
const look = (atMs: number, cpuPercent: number, rates: Record<string, number>, memoryBytes = 50): Look => ({
  atMs,
  cpuPercent,
  memoryBytes,
  rates: new Map(Object.entries(rates)),
});
const word = (step: Step | null): string | null =>
  step === null
    ? null
    : `${step.kind} ${step.measure.probe} ${step.measure.restraint === 'off' ? 'off' : step.measure.restraint.oneIn} ${step.reason}`;

it('the busiest probe looks at fewer events, then at none, then the next one; one look over is none', () => {
  const measures = new Measures(limits);
  const steps = Array.from({ length: 8 }, (_, i) =>
    word(measures.look(look(i * 5000, 30, { drops: 9000, connects: 10, udp: 0 }))),
  );
  expect(steps).toEqual([
    null,
    'taken drops 8 CPU_BUDGET',
    null,
    'taken drops 64 CPU_BUDGET',
    null,
    'taken drops off CPU_BUDGET',
    null,
    'taken connects 8 CPU_BUDGET',
  ]);
  expect([...measures.restraints()]).toEqual([
    ['drops', 'off'],
    ['connects', { oneIn: 8 }],
  ]);
});

it('what was taken last is given back first, after a calm time, which doubles when it was too early', () => {
  const measures = new Measures(limits);
  let at = 0;
  const steps: (string | null)[] = [];
  const pass = (cpu: number, looks: number): void => {
    for (let i = 0; i < looks; i++, at += 5000) {
      const step = word(measures.look(look(at, cpu, { drops: 100 })));
      if (step !== null) steps.push(`${at / 1000} ${step}`);
    }
  };
  pass(30, 4); // 8, then 64
  pass(15, 20); // below the limit, but not calm
  pass(5, 8); // calm
  pass(30, 2); // too early
  pass(5, 20);
  expect(steps).toEqual([
    '5 taken drops 8 CPU_BUDGET',
    '15 taken drops 64 CPU_BUDGET',
    '150 given back drops 64 CPU_BUDGET',
    '165 taken drops 64 CPU_BUDGET',
    '230 given back drops 64 CPU_BUDGET',
  ]);
});

it('memory is not won by sampling: probes go off, and when none is left nothing more is taken', () => {
  const measures = new Measures(limits);
  for (let i = 0; i < 2; i++) measures.look(look(i * 5000, 1, { udp: 0, dns: 0 }, 200));
  expect(measures.taken().map(({ probe, restraint }) => [probe, restraint])).toEqual([['dns', 'off']]);
  for (let i = 2; i < 10; i++) measures.look(look(i * 5000, 1, { udp: 0, dns: 0 }, 200));
  expect([...measures.restraints()]).toEqual([
    ['dns', 'off'],
    ['udp', 'off'],
  ]);
});

it('what costs is known before what was counted: the probe is chosen when it is, and the dearest by custom when nothing ever is', () => {
  const steps = (...rates: number[]): (string | null)[] => {
    const measures = new Measures(limits);
    return rates.map((rate, i) => word(measures.look(look(i * 5000, 30, { drops: rate, sockets: 0 }))));
  };
  expect(steps(0, 0, 0, 9000)).toEqual([null, null, null, 'taken drops 8 CPU_BUDGET']);
  expect(steps(0, 0, 0, 0, 0)).toEqual([null, null, null, null, 'taken sockets off CPU_BUDGET']);
});
