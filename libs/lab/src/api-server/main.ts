/** `node main.ts --state DIR [--name NAME] [--port N]`: the lab's API server until SIGTERM. */
import { parseArgs } from 'node:util';
import { startApiServer } from './start.ts';

const { values } = parseArgs({
  options: { state: { type: 'string' }, name: { type: 'string' }, port: { type: 'string' } },
});
if (values.state === undefined) {
  console.error('usage: node main.ts --state DIR [--name NAME] [--port N]');
  process.exit(3);
}
const server = await startApiServer({
  stateDir: values.state,
  ...(values.name === undefined ? {} : { name: values.name }),
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
});
console.log(`${new Date().toISOString()} listening on ${server.url}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    void server.close().then(() => process.exit(0));
  });
