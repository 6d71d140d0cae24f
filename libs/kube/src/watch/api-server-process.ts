/** For tests: the lab's API server as a process, known here by its command line and its files only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = resolve(import.meta.dirname, '../../../lab/src/api-server/main.ts');

export class ApiServerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'nv-kube-'));
  /** Of the first start; it stays as it is when the server moves. */
  readonly kubeconfig = join(this.folder, 'first-kubeconfig');
  #state = join(this.folder, 'state');
  #child: ChildProcess | null = null;

  get port(): number {
    return Number(readFileSync(join(this.#state, 'port'), 'utf8'));
  }
  /** Where the server writes it, anew at each start. */
  get liveKubeconfig(): string {
    return join(this.#state, 'kubeconfig');
  }

  async start(port?: number): Promise<void> {
    const ready = join(this.#state, 'api-server.json');
    rmSync(ready, { force: true });
    const extra = port === undefined ? [] : ['--port', String(port)];
    this.#child = spawn(process.execPath, [MAIN, '--state', this.#state, ...extra], { stdio: 'ignore' });
    const deadline = Date.now() + 10_000;
    for (;;) {
      try {
        readFileSync(ready);
        break;
      } catch (error) {
        if (Date.now() > deadline) throw new Error('the API server did not start', { cause: error });
        await sleep(20);
      }
    }
    copyFileSync(this.liveKubeconfig, this.kubeconfig);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  forget(): void {
    rmSync(this.#state, { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Throws for any answer but 2xx. */
  async call(method: string, path: string, body?: object): Promise<void> {
    const info = JSON.parse(readFileSync(join(this.#state, 'api-server.json'), 'utf8')) as {
      readonly url: string;
      readonly token: string;
      readonly ca: string;
    };
    const code = await new Promise<number>((done, failed) => {
      const headers = { authorization: `Bearer ${info.token}`, 'content-type': 'application/json' };
      const outgoing = request(`${info.url}${path}`, { method, ca: info.ca, headers, agent: false }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode ?? 0));
      });
      outgoing.on('error', failed);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (code >= 300) throw new Error(`${method} ${path}: ${code}`);
  }

  pod(name: string, ip: string, phase = 'Running'): object {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'node-1', containers: [{ name: 'main', env: [{ name: 'SECRET', value: 'hunter2' }] }] },
      status: { phase, podIP: ip },
    };
  }
  createPod(name: string, ip: string): Promise<void> {
    return this.call('POST', '/api/v1/namespaces/default/pods', this.pod(name, ip));
  }
  deletePod(name: string): Promise<void> {
    return this.call('DELETE', `/api/v1/namespaces/default/pods/${name}`);
  }
}
