/** redis-server: loopback, password, nothing on disk (it holds only what can be rebuilt). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

export const redisDir = (dir: string): string => join(dir, 'redis');
export const redisLog = (dir: string): string => join(redisDir(dir), 'redis.log');

/** In a file, since arguments can be read by every user of the machine. */
export function writeRedisConfig(dir: string, port: number, password: string): string {
  mkdirSync(redisDir(dir), { recursive: true, mode: 0o700 });
  const file = join(redisDir(dir), 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${redisDir(dir)}"`,
    'daemonize no',
    'save ""',
    'appendonly no',
    // BullMQ: evicting a job's keys would lose it without a word.
    'maxmemory-policy noeviction',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

export function redisAnswers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    let answer = '';
    const done = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (answer.includes('+PONG')) done(true);
      else if (answer.includes('-')) done(false);
    });
  });
}
