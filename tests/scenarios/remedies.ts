/**
 * Runs the proposed commands on the lab, as a person would, and sees afterwards that no rule or route is gone that was there
 * before the row. What a remedy adds and healing does not know (a masquerade rule, a loose rp_filter) is taken back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '@netverdict/lab';
import type { DiagnosisDocument } from '@netverdict/sdk';
import { expect } from 'vitest';
import { splitWords } from '../../clients/cli/src/words.ts';

interface Command {
  readonly on: string;
  readonly line: string;
}

/** Every blocker's command, in the order of the findings; null when one of them has none. */
export function commandsOf(document: DiagnosisDocument): readonly Command[] | null {
  const blocking = document.findings.filter((finding) => finding.severity === 'blocking');
  const commands = blocking.flatMap(({ remedy }) =>
    remedy?.command && remedy.on && remedy.proven ? [{ on: remedy.on, line: remedy.command }] : [],
  );
  return blocking.length > 0 && commands.length === blocking.length ? commands : null;
}

/** One command goes without a shell, as the demo runs it; several in a line need one. */
export async function run(lab: Lab, on: string, line: string): Promise<void> {
  const words = splitWords(line);
  const argv = words.some((word) => word === '&&' || word === ';') ? ['sh', '-c', line] : words;
  const result = await execOn(lab, on, argv);
  expect(result.code, `${on}: ${line}\n${result.stderr}`).toBe(0);
}

export const execOn = (lab: Lab, on: string, argv: readonly string[]) =>
  on.includes('/') ? lab.execPod(on, [...argv]) : lab.exec(on, [...argv]);

/** The rules and routes of all nodes as the lab made them. */
export class Baseline {
  readonly #lab: Lab;
  readonly #dir: string;
  readonly #rules = new Map<string, string>();
  readonly #routes = new Map<string, readonly string[]>();

  private constructor(lab: Lab, dir: string) {
    this.#lab = lab;
    this.#dir = dir;
  }

  static async take(lab: Lab, dir: string): Promise<Baseline> {
    const baseline = new Baseline(lab, dir);
    for (const { name } of lab.nodes) {
      baseline.#rules.set(name, await baseline.#readRules(name));
      baseline.#routes.set(name, await baseline.#readRoutes(name));
    }
    return baseline;
  }

  /** After the row was healed. */
  async restore(commands: readonly Command[]): Promise<void> {
    for (const { on, line } of commands) {
      const [, dev] = /^sysctl -w net\/ipv4\/conf\/([^/]+)\/rp_filter=2$/.exec(line) ?? [];
      if (dev !== undefined) await execOn(this.#lab, on, ['sysctl', '-qw', `net/ipv4/conf/${dev}/rp_filter=0`]);
    }
    for (const node of new Set(commands.map(({ on }) => on)))
      if (this.#rules.has(node)) {
        await this.#restoreRules(node);
        expect(await this.#readRoutes(node), `routes of ${node} after the row`).toEqual(this.#routes.get(node));
      }
  }

  async #restoreRules(node: string): Promise<void> {
    const before = this.#rules.get(node) ?? '';
    const now = await this.#readRules(node);
    if (now === before) return;
    const file = join(this.#dir, `${node}.rules`);
    writeFileSync(file, before);
    await execOn(this.#lab, node, ['sh', '-c', `${this.#tool}-restore < '${file}'`]);
    const left = new Set(now.split('\n'));
    const lost = before.split('\n').filter((line) => !left.has(line));
    expect(lost, `rules that the remedies took from ${node}`).toEqual([]);
  }

  get #tool(): string {
    return `iptables-${this.#lab.spec.iptables}`;
  }

  async #readRules(node: string): Promise<string> {
    const { stdout } = await execOn(this.#lab, node, [`${this.#tool}-save`]);
    return stdout.replaceAll(/^#.*\n/gm, '').replaceAll(/\[\d+:\d+\]/g, '[0:0]');
  }

  async #readRoutes(node: string): Promise<readonly string[]> {
    const { stdout } = await execOn(this.#lab, node, ['ip', '-4', 'route', 'show', 'table', 'main']);
    return stdout
      .split('\n')
      .map((line) => line.trim())
      .sort();
  }
}
