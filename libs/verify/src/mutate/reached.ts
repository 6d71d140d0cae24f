/** Which places of the model a world runs through, as V8 counts them: a mutant elsewhere need not be tried on it. */
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Was this place of this file run? */
export type Reached = (file: string, offset: number) => boolean;

export interface Coverage {
  /** Since the last time. */
  take(): Promise<Reached>;
  stop(): Promise<void>;
}

/** `folder`: of the files of interest; they are named relative to it. Types are stripped in place: offsets are those of the source. */
export async function startCoverage(folder: string): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const files = new Map<string, Range[]>();
      for (const { url, functions } of result) {
        if (!url.startsWith('file:')) continue;
        const path = fileURLToPath(url);
        if (path.startsWith(`${folder}/`))
          files.set(
            path.slice(folder.length + 1),
            functions.flatMap((f) => f.ranges),
          );
      }
      return (file, offset) => {
        let innermost: Range | null = null;
        for (const range of files.get(file) ?? [])
          if (range.startOffset <= offset && offset < range.endOffset)
            if (
              innermost === null ||
              range.endOffset - range.startOffset <= innermost.endOffset - innermost.startOffset
            )
              innermost = range;
        return innermost !== null && innermost.count > 0;
      };
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
