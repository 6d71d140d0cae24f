/** Two network namespaces with a wire between them: all runs in the first, and what runs in the second can be cut off as a broken network does. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const PREFIX = 'nvchaos-';
const folder = '/run/netns';

export const HERE = '10.0.0.1';
export const THERE = '10.0.0.2';

export interface Namespaces {
  /** Paths. */
  readonly here: string;
  readonly there: string;
  remove(): void;
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Those of a run whose process is no more are removed first. */
export function makeNamespaces(): Namespaces {
  if (existsSync(folder))
    for (const name of readdirSync(folder)) {
      const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : 0;
      if (pid > 0 && !existsSync(`/proc/${pid}`)) ip('netns', 'delete', name);
    }
  const [here, there] = ['a', 'b'].map((end) => `${PREFIX}${process.pid}-${end}`) as [string, string];
  for (const name of [here, there]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('-n', here, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', there);
  for (const [name, address] of [
    [here, HERE],
    [there, THERE],
  ] as const) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'wire');
    ip('-n', name, 'link', 'set', 'wire', 'up');
  }
  return {
    here: `${folder}/${here}`,
    there: `${folder}/${there}`,
    remove: () => {
      for (const name of [here, there]) ip('netns', 'delete', name);
    },
  };
}

/** Neither side is told: what is sent comes to nothing. */
export const setWire = (there: string, state: 'up' | 'down'): void => {
  execFileSync('nsenter', [`--net=${there}`, 'ip', 'link', 'set', 'wire', state], { stdio: 'ignore' });
};
