import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generate } from '../generate/generate.ts';
import type { JudgedWorld } from '../run/judge.ts';
import type { JudgedFlow } from '../run/judge-flow.ts';
import { CorpusWriter, readCorpus } from './corpus.ts';

it('what agreed is written and read again; flows whose fate was not told would agree with anything and are left out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netverdict-corpus-'));
  try {
    const spec = generate(1, 1, 3);
    const kinds = ['agrees', 'undetermined', 'disagrees'] as const;
    const flows = spec.flows.slice(0, 3).map((flow, i): JudgedFlow => {
      const kind = kinds[i] ?? 'agrees';
      const comparison = { kind, unknowns: [], differences: [] } as JudgedFlow['comparison'];
      return { flow, predictions: [], observations: [], comparison };
    });
    const world: JudgedWorld = { spec, collected: [], flows, ms: { up: 0, collect: 0, packets: 0, model: 0 } };
    const path = join(folder, 'corpus.gz');
    const writer = new CorpusWriter(path);
    writer.add(world);
    writer.add({ ...world, flows: flows.slice(1) });
    await writer.close();
    const read = [];
    for await (const recorded of readCorpus(path)) read.push(recorded);
    expect(read).toEqual([{ id: spec.id, collected: [], flows: [{ flow: spec.flows[0], observations: [] }] }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
