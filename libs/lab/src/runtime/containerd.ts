/**
 * A real containerd per node, started in the node's network namespace and in the machine's mount namespace (so that the
 * agent finds the pods' namespaces by path). All its files are below the node's directory, but for shim sockets and the CNI
 * result cache, whose places are compiled in; remove.ts knows them.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CriClient, criClient } from '@netverdict/cri';
import { inNetns, run } from '../command.ts';
import { LabError } from '../errors.ts';
import { CLUSTER_POD_CIDR, type LabSpec, type NodePlan, netnsPath, podMtu } from '../spec.ts';
import { criSocketOf, nodeDirOf } from '../state.ts';
import { ECHO_IMAGE, PAUSE_IMAGE } from './image.ts';

export const cgroupParent = (lab: string, node = ''): string => `/netverdict-${lab}${node === '' ? '' : `/${node}`}`;

const START_TIMEOUT_MS = 20_000;

/** Starts it detached, waits until CRI answers, imports the image. The caller closes the client. */
export async function startContainerd(
  spec: LabSpec,
  node: NodePlan,
  { archive, cniDir }: { readonly archive: string; readonly cniDir: string },
): Promise<CriClient> {
  const dir = nodeDirOf(spec.name, node.name);
  const socket = criSocketOf(spec.name, node.name);
  mkdirSync(join(dir, 'cni', 'net.d'), { recursive: true });
  writeFileSync(join(dir, 'cni', 'net.d', '10-flannel.conflist'), JSON.stringify(cniConfig(spec, node, dir), null, 2));
  writeFileSync(join(dir, 'containerd.toml'), containerdConfig(dir, socket, cniDir));
  const log = openSync(join(dir, 'containerd.log'), 'a');
  const [file = '', ...args] = inNetns(netnsPath(node.netns), ['containerd', '-c', join(dir, 'containerd.toml')]);
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  child.unref();
  let ended: string | null = null;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = `exit ${code ?? signal}`;
  });

  const cri = criClient(`unix://${socket}`, { timeoutMs: 30_000 });
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (ended !== null) throw new LabError(`containerd of ${node.name} ended (${ended}): ${lastLine(dir)}`);
    // The socket exists before the CRI plugin answers.
    if (
      await cri.version().then(
        () => true,
        () => false,
      )
    )
      break;
    if (Date.now() > deadline) throw new LabError(`containerd of ${node.name} does not answer: ${lastLine(dir)}`);
    await sleep(25);
  }
  await run(['ctr', '-a', socket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'overlayfs', archive]);
  // The CRI plugin learns of images by an event, a moment later.
  while ((await cri.imageStatus(PAUSE_IMAGE)) === null || (await cri.imageStatus(ECHO_IMAGE)) === null) {
    if (Date.now() > deadline) throw new LabError(`containerd of ${node.name} does not see its imported image`);
    await sleep(10);
  }
  return cri;
}

function lastLine(dir: string): string {
  const lines = readFileSync(join(dir, 'containerd.log'), 'utf8').trim().split('\n');
  return lines.filter((line) => /level=(error|fatal)|^containerd:/.test(line)).at(-1) ?? lines.at(-1) ?? '';
}

/** What flannel's CNI plugin gives its delegate: bridge with hairpin and default gateway, no masquerade of its own. */
function cniConfig(spec: LabSpec, node: NodePlan, dir: string): object {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: node.podCidr }]],
    routes: [{ dst: CLUSTER_POD_CIDR }],
    dataDir: join(dir, 'cni', 'networks'),
  };
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    hairpinMode: true,
    isGateway: true,
    isDefaultGateway: true,
    ipMasq: false,
    mtu: podMtu(spec.cni),
    ipam,
  };
  return { cniVersion: '0.3.1', name: 'cbr0', plugins: [bridge] };
}

function containerdConfig(dir: string, socket: string, cniDir: string): string {
  // JSON strings are TOML basic strings.
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
root = ${text(join(dir, 'root'))}
state = ${text(join(dir, 'run'))}
# Only what pods need: each plugin left out makes the start faster.
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.restart", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = ${text(socket)}

[debug]
  level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(PAUSE_IMAGE)}
  # The pods' namespaces are mounted below our directory, not in /run/netns: they can be found and unmounted after a crash.
  netns_mounts_under_state_dir = true
  # Lowering oom_score_adj needs CAP_SYS_RESOURCE, which a container that runs the lab may lack.
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(cniDir)}
  conf_dir = ${text(join(dir, 'cni', 'net.d'))}

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  Root = ${text(join(dir, 'runc'))}
  SystemdCgroup = false
`;
}
