/** Who is killed takes its namespaces and processes along. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PROGRAM = `
  import { startKernel } from '${new URL('./kernel.ts', import.meta.url).href}';
  import { namespaceOf, worldOf } from '${new URL('./worlds.ts', import.meta.url).href}';
  const kernel = await startKernel();
  const world = await kernel.bringUp(worldOf([
    namespaceOf('a', { links: ['link add eth0 type veth peer name eth0 netns {b}'] }),
    namespaceOf('b', { sockets: [{ protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 80 }] }),
  ]));
  console.log(JSON.stringify([...world.namespaces.values()]));
`;

const firstLine = (stream: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    stream.on('end', () => reject(new Error(`it ended after ${JSON.stringify(text)}`)));
  });

/** Processes that are in one of these namespaces or hold it by a descriptor. */
function holdersOf(namespaces: readonly string[]): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const held = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      return [readlinkSync(`/proc/${pid}/ns/net`), ...held].some((link) => namespaces.includes(link));
    } catch {
      return false; // It ended while it was looked at.
    }
  });
}

it('a killed parent leaves no namespace and no process', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const namespaces = JSON.parse(await firstLine(child.stdout)) as { path: string; inode: number }[];
  const prober = namespaces[0]?.path.split('/')[2] ?? 'none';
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
  expect(children).toHaveLength(2);
  // Nobody else holds them, by whatever name: with the prober they are gone.
  expect(holdersOf(namespaces.map(({ inode }) => `net:[${inode}]`))).toEqual([prober]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`net:[${namespaces[0]?.inode}]`);

  child.kill('SIGKILL');
  const left = (): string[] => children.filter((pid) => existsSync(`/proc/${pid}`));
  const deadline = performance.now() + 5000;
  while (left().length > 0 && performance.now() < deadline) await sleep(10);
  expect(children).toContain(prober);
  expect(left()).toEqual([]);
});

const RUN = `
  import { verify } from '${new URL('../run/verify.ts', import.meta.url).href}';
  await verify({ seed: 1, flows: 20_000, workers: 1, onWorld: ({ flows }) => console.log(flows) });
`;

const childrenOf = (pid: number | string): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

it('a killed run leaves no worker, whatever the worker was busy with', async () => {
  const run = spawn(process.execPath, ['--input-type=module', '--eval', RUN], { stdio: ['ignore', 'pipe', 'inherit'] });
  let all: readonly string[] = [];
  const left = (): string[] => all.filter((pid) => existsSync(`/proc/${pid}`));
  try {
    await firstLine(run.stdout);
    const [worker = ''] = childrenOf(run.pid ?? 0);
    all = [worker, ...childrenOf(worker)];
    expect(all.length).toBeGreaterThan(1);
    process.kill(Number(worker), 'SIGSTOP'); // as deaf as one that reckons
    run.kill('SIGKILL');
    const deadline = performance.now() + 5000;
    while (left().length > 0 && performance.now() < deadline) await sleep(10);
    expect(left()).toEqual([]);
  } finally {
    run.kill('SIGKILL');
    for (const pid of left()) process.kill(Number(pid), 'SIGKILL');
  }
}, 60_000);
