import { post, QUESTION, startStack } from './testing/stack.ts';

const stack = await startStack();
const api = await stack.startApi({ republishMs: 5000 });
const quant = (a: number[], q: number) => [...a].sort((x, y) => x - y)[Math.floor(a.length * q)]?.toFixed(1);
async function run(name: string, total: number, lanes: number, headers: Record<string, string>) {
  const times: number[] = [];
  let n = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (n++ < total) {
        const t = performance.now();
        const r = await post(api, QUESTION, headers);
        await r.text();
        times.push(performance.now() - t);
      }
    }),
  );
  console.log(
    name,
    'p50',
    quant(times, 0.5),
    'p95',
    quant(times, 0.95),
    'rate/s',
    ((total / (performance.now() - begin)) * 1000).toFixed(0),
  );
}
await run('warm', 100, 10, { prefer: 'wait=10' });
await run('end to end, 10 at once', 500, 10, { prefer: 'wait=10' });
await run('end to end, 1 at once', 100, 1, { prefer: 'wait=10' });
stack.pipeline.react = () => 'ignore';
await run('accept, 10 at once', 2000, 10, {});
await run('accept, 1 at once', 500, 1, {});
await stack.down();
process.exit(0);
