/** What `ping-mesh` understands: ends to ping between, and what becomes of meshes that go on. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { PingMeshOptions } from './ping-mesh.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  readonly finish: (code: number) => void;
}

type MeshOptions = { readonly json?: boolean };

export function addPingMesh<O extends object>(program: Command, { clientFor, finish }: Connection<O>): void {
  const mesh = program
    .command('ping-mesh [ends...]')
    .description('loss and latency between pods, nodes and addresses, by real packets; once, or on a schedule')
    .option('--protocol <protocol>', 'tcp, udp or icmp', 'icmp')
    .option('--port <port>', 'of tcp and udp')
    .option('--attempts <n>', 'from each end to each other (default: 5)')
    .option('--every <time>', 'again and again: 30s, 5m, 1h; until `ping-mesh stop`')
    .option('--cluster <name>', 'which cluster')
    .option('--json', 'as one JSON document')
    .option('--api <url>', 'address of the API (default: NETVERDICT_API, else what `netverdict up` started)')
    .option('--token-file <file>', 'file with the bearer token')
    .action(async (ends: string[], options: PingMeshOptions & O) =>
      finish(await (await import('./ping-mesh.ts')).pingMesh(clientFor(options), ends, options)),
    );
  const kept = () => import('./ping-mesh-kept.ts');
  mesh
    .command('list')
    .description('the meshes of before, newest first, and which of them go on')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<MeshOptions & O>();
      await (await kept()).listMeshes(clientFor(options), options);
    });
  mesh
    .command('show <id>')
    .description('its rounds over time, pair by pair')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<MeshOptions & O>();
      await (await kept()).showMesh(clientFor(options), id, options);
    });
  mesh
    .command('stop <id>')
    .description('end its schedule; what it found stays')
    .action(async (id: string, _: object, command: Command) =>
      (await kept()).stopMesh(clientFor(command.optsWithGlobals<O>()), id),
    );
  mesh
    .command('remove <id>')
    .description('end its schedule and forget what it found')
    .action(async (id: string, _: object, command: Command) =>
      (await kept()).removeMesh(clientFor(command.optsWithGlobals<O>()), id),
    );
}
