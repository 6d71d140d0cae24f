import { expect, test } from 'vitest';
import { configOf, configText } from './config.ts';

test('a service is shown with where each value comes from, what is missing, and without passwords', async () => {
  const found = await configOf('api', undefined, {
    NETVERDICT_DATABASE_URL: 'postgres://me:hunter2@db/netverdict',
    NETVERDICT_LISTEN: ':9000',
  });
  const text = configText(found);
  expect(text).toContain('NETVERDICT_DATABASE_URL=postgres://***@db/netverdict   # environment');
  expect(text).toContain('NETVERDICT_LISTEN=:9000   # environment');
  expect(text).toContain('NETVERDICT_RETENTION_DAYS=30\n');
  expect(text).toContain('✗ NETVERDICT_REDIS_URL is not set');
  expect(text).toContain('So api would not start from this shell; one that runs has settings of its own.');
  expect(JSON.stringify(found)).not.toContain('hunter2');
});

test('a service that does not exist is refused with those that do', async () => {
  await expect(configOf('apis', undefined, {})).rejects.toThrow('it is one of api, topology, simulator, eventproc');
});
