/**
 * Judged worlds as a file: one JSON line each, gzipped. What the kernel did is in it, so that a changed model can be compared
 * with it again without bringing the worlds up.
 */
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip, createGzip, type Gzip } from 'node:zlib';
import type { CollectedNamespace } from '../model/world.ts';
import type { JudgedWorld } from '../run/judge.ts';
import type { Observation } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';

export interface RecordedWorld {
  readonly id: string;
  readonly collected: readonly CollectedNamespace[];
  readonly flows: readonly { readonly flow: FlowSpec; readonly observations: readonly Observation[] }[];
}

export class CorpusWriter {
  readonly #gzip: Gzip;
  readonly #file: WriteStream;

  constructor(path: string) {
    this.#gzip = createGzip({ level: 1 });
    this.#file = createWriteStream(path);
    this.#gzip.pipe(this.#file);
  }

  /** Flows whose fate the model could not tell would agree with any model: they are left out. */
  add(world: JudgedWorld): void {
    const flows = world.flows
      .filter((f) => f.comparison.kind === 'agrees')
      .map(({ flow, observations }) => ({ flow, observations }));
    if (flows.length === 0) return;
    const recorded: RecordedWorld = { id: world.spec.id, collected: world.collected, flows };
    this.#gzip.write(`${JSON.stringify(recorded)}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#file.on('finish', resolve).on('error', reject);
      this.#gzip.end();
    });
  }
}

export async function* readCorpus(path: string): AsyncIterable<RecordedWorld> {
  const lines = createInterface({
    input: createReadStream(path).pipe(createGunzip()),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) if (line !== '') yield JSON.parse(line) as RecordedWorld;
}
