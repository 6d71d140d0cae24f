/** Labs as a whole: packets in a sound one, several at once, use from another process, and that nothing is left behind. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { criClient } from '@netverdict/cri';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLab,
  DEFAULT_SPEC,
  type IptablesVariant,
  type Lab,
  type LabCni,
  LabError,
  listLabs,
  openLab,
  type ProbeOutcome,
  type ProbeRequest,
  removeLab,
} from './index.ts';
import { cgroupsOf, namespacesOf, processesOf } from './remove.ts';

const INDEX = fileURLToPath(new URL('./index.ts', import.meta.url));
const unique = (word: string) => `${word}-${process.pid}`;

const list = (dir: string): readonly string[] => (existsSync(dir) ? readdirSync(dir) : []);

function readTextOrNone(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Everything that still bears the lab's name. */
function remains(name: string, sandboxes: readonly string[] = []) {
  const dir = `/run/netverdict/lab/${name}`;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const mountOf = new RegExp(` (${dir}/|/run/netns/nv-${name}-(node-\\d+|fabric|external) )`);
  // Looser than what removal looks for: whatever names the directory.
  const commands = list('/proc').filter((pid) => {
    const words = readTextOrNone(`/proc/${pid}/cmdline`).split('\0');
    return words.some((word) => word === dir || word.startsWith(`${dir}/`));
  });
  return {
    state: existsSync(dir),
    namespaces: namespacesOf(name),
    processes: processesOf(name),
    commands,
    cgroups: cgroupsOf(name),
    mounts: mounts.filter((line) => mountOf.test(line)),
    cniResults: list('/var/lib/cni/results').filter((file) => sandboxes.some((id) => file.includes(id))),
    listed: listLabs().filter((lab) => lab.name === name),
  };
}

const NOTHING = {
  state: false,
  namespaces: [],
  processes: [],
  commands: [],
  cgroups: [],
  mounts: [],
  cniResults: [],
  listed: [],
};

const SOUND_LABS: readonly (readonly [LabCni, IptablesVariant])[] = [
  ['flannel-vxlan', 'legacy'],
  ['flannel-host-gw', 'nft'],
];

describe.each(SOUND_LABS)('a sound lab, %s with iptables-%s', (cni, iptables) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: unique(`sound-${iptables}`), cni, iptables });
  });
  afterAll(() => lab?.down());

  const address = (pod: string) => lab.pods.find(({ name }) => name === pod)?.address ?? '';
  type Row = readonly [string, ProbeRequest['from'], () => string, number, ProbeOutcome, RegExp | null];
  const client = { pod: 'client' };
  const tcp: readonly Row[] = [
    ['pod to pod on another node', client, () => address('web-2'), 80, 'delivered', /^web-2$/],
    ['pod to pod on its node', client, () => address('web-1'), 80, 'delivered', /^web-1$/],
    ['pod to another node', client, () => '172.18.0.12', 80, 'delivered', /^echo-node-2$/],
    ['pod to its own node', client, () => '172.18.0.11', 80, 'delivered', /^echo-node-1$/],
    ['node to node', { node: 'node-1' }, () => '172.18.0.12', 80, 'delivered', /^echo-node-2$/],
    ['node to its own pod', { node: 'node-2' }, () => address('web-2'), 80, 'delivered', /^web-2$/],
    ['node to a pod elsewhere', { node: 'node-1' }, () => address('web-2'), 80, 'delivered', /^web-2$/],
    ['pod to the world outside', client, () => lab.external.address, 80, 'delivered', /^external$/],
    ['pod to a ClusterIP', client, () => '10.96.0.80', 80, 'delivered', /^web-[123]$/],
    ['node to a ClusterIP', { node: 'node-1' }, () => '10.96.0.80', 80, 'delivered', /^web-[123]$/],
    ['pod to a ClusterIP without endpoints', client, () => '10.96.0.90', 80, 'refused', null],
    ['node to a ClusterIP without endpoints', { node: 'node-1' }, () => '10.96.0.90', 80, 'refused', null],
    ['pod to a port that the Service lacks', client, () => '10.96.0.80', 81, 'unreachable', null],
    ['outside to a NodePort', { external: true }, () => '172.18.0.12', 30080, 'delivered', /^web-[123]$/],
    [
      'outside to a NodePort without an endpoint there',
      { external: true },
      () => '172.18.0.11',
      30081,
      'delivered',
      /^dns-/,
    ],
    ['outside to a pod', { external: true }, () => address('web-2'), 80, 'unreachable', null],
    ['pod to a port where nobody listens', client, () => address('web-2'), 81, 'refused', null],
  ];
  test.each<Row>(tcp)('%s: TCP', async (_, from, to, port, outcome, by) => {
    const result = await lab.probe({ from, to: { address: to(), port }, protocol: 'tcp' });
    expect(result.outcome, JSON.stringify(result)).toBe(outcome);
    if (by !== null) expect(result.answeredBy).toMatch(by);
  });

  test('a Service spreads over all its endpoints, also to the asking pod itself', async () => {
    const result = await lab.probe({
      from: { pod: 'web-1' },
      to: { address: '10.96.0.80', port: 80 },
      protocol: 'tcp',
      count: 60,
    });
    const names = new Set(result.attempts.map(({ answeredBy }) => answeredBy));
    expect([...names].toSorted()).toEqual(['web-1', 'web-2', 'web-3']);
  });

  test('a Service with affinity stays with one endpoint', async () => {
    const to = { address: '10.96.0.82', port: 80 };
    const result = await lab.probe({ from: client, to, protocol: 'tcp', count: 20 });
    expect(result.delivered).toBe(20);
    expect(new Set(result.attempts.map(({ answeredBy }) => answeredBy)).size).toBe(1);
  });

  test('UDP through a Service, and ICMP', async () => {
    const dns = await lab.probe({ from: client, to: { address: '10.96.0.53', port: 53 }, protocol: 'udp' });
    expect(dns).toMatchObject({ outcome: 'delivered', answeredBy: expect.stringMatching(/^dns-[12]$/) });
    for (const node of lab.nodes) {
      const asked = await lab.probe({ from: client, to: { address: node.address, port: 5353 }, protocol: 'udp' });
      expect(asked).toMatchObject({ outcome: 'delivered', answeredBy: `echo-${node.name}` });
    }
    const ping = await lab.probe({ from: client, to: { address: address('web-2') }, protocol: 'icmp' });
    expect(ping.outcome).toBe('delivered');
  });

  test('a packet as large as the MTU passes with DF, one byte more does not leave the pod', async () => {
    const mtu = cni === 'flannel-vxlan' ? 1450 : 1500;
    const send = (sizeBytes: number) =>
      lab.probe({
        from: client,
        to: { address: address('web-2'), port: 5353 },
        protocol: 'udp',
        sizeBytes,
        dontFragment: true,
      });
    expect((await send(mtu - 28)).outcome).toBe('delivered');
    expect((await send(mtu - 27)).outcome).toBe('too-big');
  });

  test("the runtime of each node tells its pods' namespaces, in which they are what the lab says", async () => {
    for (const node of lab.nodes) {
      const cri = criClient(node.criEndpoint);
      try {
        const told = (await cri.listPodNamespaces()).map(({ metadata, netnsPath, hostNetwork }) => ({
          name: metadata.name,
          uid: metadata.uid,
          hostNetwork,
          netns: hostNetwork ? node.netnsPath : netnsPath,
        }));
        const made = lab.pods
          .filter((pod) => pod.node === node.name)
          .map(({ name, uid, hostNetwork, netnsPath }) => ({ name, uid, hostNetwork, netns: netnsPath }));
        expect(told.toSorted(byName)).toEqual(made.toSorted(byName));
        expect((await cri.version()).runtimeName).toBe('containerd');
      } finally {
        cri.close();
      }
    }
    const { stdout } = await lab.execPod('client', ['ip', '-br', 'address', 'show', 'dev', 'eth0']);
    expect(stdout).toContain(address('client'));
  });

  test('another process can open it, inject and heal', async () => {
    const fault = await lab.fault('node-forward-drop');
    const other = await openLab(lab.spec.name);
    expect(other.faults()).toEqual([fault]);
    await expect(other.fault('node-forward-drop')).rejects.toThrow(/active already/);
    await other.heal('node-forward-drop');
    expect(lab.faults()).toEqual([]);
    const { stdout } = await lab.exec('node-2', [`iptables-${iptables}-save`, '-t', 'filter']);
    expect(stdout).not.toContain('--dport 8080 -j DROP');
  });

  test('healing what was mended by hand is no failure', async () => {
    await lab.fault('node-forward-drop');
    expect((await lab.exec('node-2', ['iptables', '-D', 'FORWARD', '1'])).code).toBe(0);
    const { stdout } = await lab.exec('node-2', [`iptables-${iptables}-save`, '-t', 'filter']);
    expect(stdout).not.toContain('--dport 8080 -j DROP');
    await lab.heal();
    expect(lab.faults()).toEqual([]);
  });

  test('what does not exist is named, with what does', async () => {
    await expect(lab.fault('node-forward-drop', { node: 'node-9' })).rejects.toThrow(/no node node-9 .*node-1, node-2/);
    await expect(lab.fault('node-forward-drop', { pod: 'client' })).rejects.toThrow(/takes node, not pod/);
    await expect(lab.fault('pod-link-down', { pod: 'nobody' })).rejects.toThrow(/no pod nobody .*client/);
    await expect(lab.heal('nonsense')).rejects.toThrow(/no fault nonsense/);
    await expect(createLab(lab.spec)).rejects.toThrow(/already a lab/);
    if (cni === 'flannel-host-gw') await expect(lab.fault('fdb-missing')).rejects.toThrow(/needs flannel-vxlan/);
  });
});

const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);

test('a lab that is taken down leaves nothing behind, and its neighbour alone', async () => {
  // The second's name begins as the first's: nothing of it may be taken for the first's.
  const name = unique('twin');
  const labs = await Promise.all([createLab({ name, nodes: 2 }), createLab({ name: `${name}-node`, nodes: 1 })]);
  const [first, second] = labs;
  try {
    const sandboxes = first.pods.map(({ sandboxId }) => sandboxId);
    await first.fault('pod-routes-flushed');
    await first.down();
    expect(remains(name, sandboxes)).toEqual(NOTHING);
    const still = await second.probe({
      from: { pod: 'client' },
      to: { address: '10.96.0.80', port: 80 },
      protocol: 'tcp',
    });
    expect(still.outcome).toBe('delivered');
  } finally {
    await Promise.all(labs.map((lab) => lab.down()));
  }
  expect(remains(`${name}-node`)).toEqual(NOTHING);
  expect(await removeLab(name)).toBe(false);
});

test.each([5, 150, 400, 900, 1500, 2200])(
  'a lab whose maker is killed after %d ms is removed wholly',
  async (afterMs) => {
    const name = unique(`crash-${afterMs}`);
    const source = `import { createLab } from ${JSON.stringify(INDEX)}; console.log('go'); await createLab({ name: ${JSON.stringify(name)} });`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await sleep(afterMs);
    } finally {
      child.kill('SIGKILL');
    }
    await removeLab(name);
    // A tool that the maker had started may still have been at work.
    await sleep(300);
    await removeLab(name);
    expect(remains(name)).toEqual(NOTHING);
  },
);

test.each([
  [{ name: 'Not/a name' }, /not a lab name/],
  [{ nodes: 0 }, /1 to 50 nodes/],
])('a spec that makes no sense is refused: %j', async (spec, message) => {
  await expect(createLab({ ...DEFAULT_SPEC, ...spec })).rejects.toThrow(message);
  await expect(createLab({ ...DEFAULT_SPEC, ...spec })).rejects.toBeInstanceOf(LabError);
});

test('a lab that is not there is said to be not there', async () => {
  await expect(openLab(unique('nowhere'))).rejects.toThrow(/there is no lab named/);
});
