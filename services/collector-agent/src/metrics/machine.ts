/** What the machine has once: softnet per CPU, open files, disks, RDMA ports. */
import { addCounter, addGauge, type Registry } from '@netverdict/telemetry';
import type { MachineMetrics } from './machine-text.ts';

export function addMachineMetrics(registry: Registry, machine: () => MachineMetrics): void {
  for (const [of, help] of [
    ['processed', 'packets that a CPU took from its devices'],
    ['dropped', "packets dropped because a CPU's backlog was full"],
    ['squeezed', "times that a CPU's budget was up before its packets were"],
  ] as const)
    addCounter(registry, `netverdict_softnet_${of}_total`, help, () =>
      machine().softnet.map((one) => ({ labels: { cpu: `${one.cpu}` }, value: one[of] })),
    );
  for (const side of ['open', 'limit'] as const)
    addGauge(
      registry,
      `netverdict_files_${side}`,
      side === 'open' ? 'open files of the machine' : 'how many may be',
      () => {
        const { files } = machine();
        return files === null ? [] : [{ value: files[side] }];
      },
    );
  for (const [of, name, help] of [
    ['readBytes', 'read_bytes', 'read from a disk'],
    ['writtenBytes', 'written_bytes', 'written to a disk'],
    ['seconds', 'busy_seconds', 'time in which a disk had something to do'],
  ] as const)
    addCounter(registry, `netverdict_disk_${name}_total`, help, () =>
      machine().disks.map((disk) => ({ labels: { device: disk.device }, value: disk[of] })),
    );
  addCounter(registry, 'netverdict_rdma_counter_total', "an RDMA port's counter, under its driver's name", () =>
    machine().rdma.map(({ device, port, counter, value }) => ({ labels: { device, port, counter }, value })),
  );
}
