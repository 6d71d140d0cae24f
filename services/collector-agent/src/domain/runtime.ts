/** The container runtime's client: the given endpoint, or the first known socket that exists when it is needed. */
import { access } from 'node:fs/promises';
import { type CriClient, criClient, knownEndpoints } from '@netverdict/cri';

export interface Runtime {
  readonly client: () => Promise<CriClient>;
  close(): void;
}

export function runtimeOf(endpoint: string | null): Runtime {
  let client: CriClient | null = null;
  return {
    async client() {
      if (client !== null) return client;
      for (const candidate of endpoint === null ? knownEndpoints : [endpoint]) {
        const there = await access(candidate.replace('unix://', '')).then(
          () => true,
          () => false,
        );
        if (!there && endpoint === null) continue;
        client = criClient(candidate, { timeoutMs: 3000 });
        return client;
      }
      throw new Error(`no container runtime socket found (${knownEndpoints.join(', ')})`);
    },
    close: () => client?.close(),
  };
}
