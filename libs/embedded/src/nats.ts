/** nats-server: configuration with one nkey user per service and node, JetStream on disk. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { type BusUser, busPermissions, busUserName } from '@netverdict/contracts';

export const natsDir = (dir: string): string => join(dir, 'nats');
export const natsLog = (dir: string): string => join(natsDir(dir), 'nats.log');
const configFile = (dir: string): string => join(natsDir(dir), 'nats.conf');
const dataDir = (dir: string): string => join(natsDir(dir), 'jetstream');
const keysDir = (dir: string): string => join(dir, 'keys');
const usersDir = (dir: string): string => join(natsDir(dir), 'users');

export const natsKeyFile = (dir: string, user: BusUser): string => join(keysDir(dir), `${busUserName(user)}.nk`);

/** Makes the user's key on first sight. Users stay over restarts: their descriptions are kept beside the configuration. */
export function ensureUser(dir: string, user: BusUser): void {
  for (const folder of [keysDir(dir), natsDir(dir), usersDir(dir)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = natsKeyFile(dir, user);
  if (!existsSync(key)) writeFileSync(key, createUser().getSeed(), { mode: 0o600 });
  writeFileSync(join(usersDir(dir), `${busUserName(user)}.json`), JSON.stringify(user), { mode: 0o600 });
}

const publicKey = (dir: string, user: BusUser): string => fromSeed(readFileSync(natsKeyFile(dir, user))).getPublicKey();

/** Who has a key here, as nats-server wants its users. */
export const natsUsers = (dir: string): unknown[] =>
  readdirSync(usersDir(dir))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(usersDir(dir), name), 'utf8')) as BusUser)
    .map((user) => {
      const { publish, subscribe, responses } = busPermissions(user);
      return {
        nkey: publicKey(dir, user),
        permissions: {
          publish: { allow: publish },
          subscribe: { allow: subscribe },
          ...(responses ? { allow_responses: { max: responses.max, expires: `${responses.ttlMs}ms` } } : {}),
        },
      };
    });

/** nats-server's configuration language takes JSON; `$` is a variable only outside of quotes. */
export function writeNatsConfig(dir: string, host: string, port: number): string {
  const config = {
    server_name: 'netverdict',
    listen: `${host}:${port}`,
    pid_file: join(natsDir(dir), 'nats.pid'),
    // A trace with hundreds of branches is a few MB even compressed; the default is 1 MB, 8 MB is what NATS advises at most.
    max_payload: 8_388_608,
    jetstream: { store_dir: dataDir(dir), max_memory_store: 67_108_864, max_file_store: 8_589_934_592 },
    authorization: { users: natsUsers(dir) },
  };
  writeFileSync(configFile(dir), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return configFile(dir);
}

export const wipeNats = (dir: string): void => rmSync(dataDir(dir), { recursive: true, force: true });

/** The server speaks first, with INFO, once it takes clients. */
export function natsAnswers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', (data) => done(data.toString('latin1').startsWith('INFO')));
  });
}
