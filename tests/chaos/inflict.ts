/** Carries out a plan on a running system, and puts each thing right again after its time. One target suffers one thing at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './plan.ts';
import { setWire } from './processes/namespaces.ts';
import { NATS_NODES, type System } from './system.ts';

/** Resolves when the last fault is over and everything runs again. */
export async function inflict(
  system: System,
  there: string,
  plan: readonly Fault[],
  say: (line: string) => void,
): Promise<void> {
  const { nats, processes, engines } = system;
  const isNats = (target: string): boolean => NATS_NODES.some((node) => node === target);
  const natsPid = (node: string): number => nats.pidOf(node) ?? 0;

  async function suffer(fault: Fault): Promise<void> {
    const { forMs } = fault;
    switch (fault.kind) {
      case 'kill':
        if (isNats(fault.target)) {
          await nats.stop(fault.target);
          await pause(forMs);
          return nats.start(fault.target);
        }
        await processes.kill(fault.target);
        await pause(forMs);
        return processes.again(fault.target);
      case 'wipe':
        await nats.stop(fault.target);
        nats.wipe(fault.target);
        await pause(forMs);
        return nats.start(fault.target);
      case 'pause': {
        const pid = isNats(fault.target) ? natsPid(fault.target) : processes.pidOf(fault.target);
        if (!pid) return;
        process.kill(pid, 'SIGSTOP');
        await pause(forMs);
        process.kill(pid, 'SIGCONT');
        return;
      }
      case 'lose-streams':
        await Promise.all(NATS_NODES.map((node) => nats.stop(node)));
        for (const node of NATS_NODES) nats.wipe(node);
        await pause(forMs);
        await Promise.all(NATS_NODES.map((node) => nats.start(node)));
        return;
      case 'redis':
        await engines.stopEngine('redis', 'SIGKILL');
        await pause(forMs);
        return engines.startEngine('redis');
      case 'postgres':
        await engines.stopEngine('postgres', 'SIGKILL');
        await pause(forMs);
        return startPostgres();
      case 'cut':
        setWire(there, 'down');
        await pause(forMs);
        return setWire(there, 'up');
    }
  }

  /** The killed postmaster's children hold its shared memory until they have noticed. */
  async function startPostgres(): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        return await engines.startEngine('postgres');
      } catch (error) {
        if (tries === 20) throw error;
        await pause(250);
      }
  }

  /** All of NATS is one: who loses the streams must not start a node that another fault has just killed. */
  const lockOf = (fault: Fault): string => {
    if (fault.kind === 'lose-streams') return 'nats';
    if ('target' in fault) return isNats(fault.target) ? 'nats' : fault.target;
    return fault.kind;
  };
  const last = new Map<string, Promise<void>>();
  const began = performance.now();
  for (const fault of plan) {
    await pause(Math.max(0, began + fault.atMs - performance.now()));
    const lock = lockOf(fault);
    const before = last.get(lock) ?? Promise.resolve();
    last.set(
      lock,
      before.then(() => {
        say(`${((performance.now() - began) / 1000).toFixed(1)} s: ${describe(fault)}`);
        return suffer(fault);
      }),
    );
  }
  await Promise.all(last.values());
}

function describe(fault: Fault): string {
  return `${'target' in fault ? `${fault.kind} ${fault.target}` : fault.kind}, for ${fault.forMs} ms`;
}
