/** The service as a process of its own, which can be killed. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SECRET, type Stack, TOKEN } from './stack.ts';

export interface ChildApi {
  readonly url: string;
  /** At once, with nothing tidied up. Resolves when it is gone. */
  kill(): Promise<void>;
}

export async function startChildApi({ engines, dir }: Stack): Promise<ChildApi> {
  const [tokenFile, secretFile] = [join(dir, 'token'), join(dir, 'webhook-secret')];
  await writeFile(tokenFile, TOKEN, { mode: 0o600 });
  await writeFile(secretFile, `whsec_${SECRET.toString('base64')}`, { mode: 0o600 });
  const child = spawn(process.execPath, [fileURLToPath(new URL('./quick-main.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'api' }),
      NETVERDICT_DATABASE_URL: engines.databaseUrl,
      NETVERDICT_REDIS_URL: engines.redisUrl,
      NETVERDICT_LISTEN: '127.0.0.1:0',
      NETVERDICT_TOKEN_FILE: tokenFile,
      NETVERDICT_WEBHOOK_SECRET_FILE: secretFile,
      NETVERDICT_CALLBACK_ALLOW: '127.0.0.1',
    },
  });
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the api ended with ${code} before it served`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const served = /"url":"(http:[^"]+)"/.exec(line)?.[1];
      if (served !== undefined) resolve(served);
    });
  });
  return {
    url,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
