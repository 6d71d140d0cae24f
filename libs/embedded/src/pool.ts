import pg from 'pg';

/**
 * Up to `max` connections to a server that this process starts and ends itself.
 * The server's end is told to connections that are in use, or just being closed, for which `pg.Pool` neither listens
 * nor waits (pg-pool 3.14, `_remove`): unheard, that error would end the process.
 */
export function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
