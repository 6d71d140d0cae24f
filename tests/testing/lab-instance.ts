/** A lab of its own with all services on it: what the tests of the whole system begin with, and end without a trace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@netverdict/embedded';
import { createLab, type Lab, type LabSpec } from '@netverdict/lab';
import { createClient, type NetverdictClient } from '@netverdict/sdk';
import { type Instance, removeInstance, startInstance } from '../../clients/cli/src/local/instance.ts';

export interface LabInstance {
  readonly lab: Lab;
  readonly instance: Instance;
  readonly client: NetverdictClient;
  readonly dir: string;
  /** Of the REST interface: the token goes with it, and a body as JSON. */
  rest(method: string, path: string, body?: unknown): Promise<Response>;
  down(): Promise<void>;
}

/**
 * @param name few letters: they are in the names of namespaces and devices
 * @param more of the lab than its name and size
 */
export async function startLabInstance(
  name: string,
  nodes: number,
  more: Omit<Partial<LabSpec>, 'name' | 'nodes'> = {},
): Promise<LabInstance> {
  const dir = mkdtempSync(join(tmpdir(), `netverdict-${name}-`));
  const lab = await createLab({ ...more, name: `${name}-${process.pid}`, nodes });
  let instance: Instance;
  try {
    instance = await startInstance({
      dir,
      cluster: 'lab',
      kubeconfig: lab.kubeconfig,
      nodes: lab.nodes.map((node) => node.name),
      agents: lab.nodes.map((n) => ({ node: n.name, netnsPath: n.netnsPath, criEndpoint: n.criEndpoint })),
      listen: `127.0.0.1:${await freePort()}`,
      say: () => {},
    });
  } catch (error) {
    await lab.down();
    await removeInstance(dir);
    throw error;
  }
  return {
    lab,
    instance,
    dir,
    client: createClient({ baseUrl: instance.apiUrl, token: instance.token }),
    rest: (method, path, body) =>
      fetch(`${instance.apiUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${instance.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async down() {
      await instance.stop();
      await lab.down();
      await removeInstance(dir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
