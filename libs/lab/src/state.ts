/**
 * What a lab leaves on disk, so that any process can use, heal or remove it: /run/netverdict/lab/<lab>/ with lab.json,
 * faults/<id>.json, kubeconfig and objects/ (the API server's), and <node>/ with containerd's files.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LabError } from './errors.ts';
import type { LabSpec } from './spec.ts';

const LABS_DIR = '/run/netverdict/lab';

export const stateDirOf = (lab: string): string => join(LABS_DIR, lab);
export const nodeDirOf = (lab: string, node: string): string => join(LABS_DIR, lab, node);
export const criSocketOf = (lab: string, node: string): string => join(nodeDirOf(lab, node), 'containerd.sock');
export const faultsDirOf = (lab: string): string => join(stateDirOf(lab), 'faults');

export interface LabPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** The pod's address; the node's for host-network pods. */
  readonly address: string;
  readonly hostNetwork: boolean;
  readonly netnsPath: string;
  readonly sandboxId: string;
  readonly containerId: string;
  /** The listener's process, in the machine's PID namespace. */
  readonly containerPid: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
}

export interface LabState {
  readonly version: 1;
  readonly spec: LabSpec;
  readonly phase: 'creating' | 'ready';
  readonly createdAt: string;
  readonly pods: readonly LabPod[];
  /** Null while the lab is being created. */
  readonly apiServer: {
    readonly url: string;
    readonly token: string;
    readonly ca: string;
    readonly kubeconfig: string;
  } | null;
}

/** With the directories above, when this was the last lab. */
export function removeStateDir(lab: string): void {
  // A process that was killed a moment ago may have made one more file.
  rmSync(stateDirOf(lab), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  for (const dir of [LABS_DIR, dirname(LABS_DIR)]) {
    try {
      rmdirSync(dir);
    } catch {
      return; // others are in it
    }
  }
}

/** @throws LabError when the lab exists already. */
export function createStateDir(lab: string): void {
  try {
    mkdirSync(LABS_DIR, { recursive: true });
    mkdirSync(stateDirOf(lab));
  } catch (cause) {
    // The last other lab went away, and the directory with it, between the two lines.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      createStateDir(lab);
      return;
    }
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new LabError(`there is already a lab named ${lab}: take it down first, or choose another name`, { cause });
    throw cause;
  }
  mkdirSync(faultsDirOf(lab));
}

export function writeState(state: LabState): void {
  writeAtomically(join(stateDirOf(state.spec.name), 'lab.json'), state);
}

/** @throws LabError when there is no such lab, or it was not finished. */
export function readState(lab: string): LabState {
  const state = tryReadState(lab);
  if (state === null) throw new LabError(`there is no lab named ${lab}${hint()}`);
  if (state.phase !== 'ready')
    throw new LabError(`lab ${lab} is being created, or was left half created: take it down`);
  return state;
}

export function tryReadState(lab: string): LabState | null {
  try {
    return JSON.parse(readFileSync(join(stateDirOf(lab), 'lab.json'), 'utf8')) as LabState;
  } catch {
    return null;
  }
}

export function labNames(): readonly string[] {
  try {
    return readdirSync(LABS_DIR).sort();
  } catch {
    return [];
  }
}

function hint(): string {
  const names = labNames();
  return names.length === 0 ? ' (no lab is up)' : ` (there are: ${names.join(', ')})`;
}

/** A reader sees the old file or the new one, never half of one. */
export function writeAtomically(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
