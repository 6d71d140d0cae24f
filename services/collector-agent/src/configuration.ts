/** What the agent is told, in its own words (docs/configuration.md lists the settings). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { COLLECTOR_AGENT, ValuesOf } from '@netverdict/configuration';

export interface Configuration {
  readonly cluster: string;
  readonly node: string;
  readonly natsUrl: string;
  readonly nkeySeedFile: string | null;
  readonly hostNetns: string;
  /** null: the known sockets are tried. */
  readonly criEndpoint: string | null;
  readonly helperPath: string;
  readonly watchEveryMs: number;
  readonly sidecarPath: string;
  /** null: the running kernel's own. */
  readonly btfFile: string | null;
  readonly proberPath: string;
  /** Where cgroups are mounted. */
  readonly cgroupRoot: string;
  /** What agent, helper and sidecar may use: of one core, and of memory. */
  readonly limits: { readonly cpuPercent: number; readonly memoryBytes: number };
  /** How often is looked at what they use, and for how long it must be little before a probe is given back what was taken. */
  readonly budget: { readonly lookMs: number; readonly calmMs: number };
  readonly capturePath: string;
  /** Where batches wait for the stream; null: in memory only. */
  readonly spoolDisk: { readonly dir: string; readonly maxBytes: number } | null;
}

/** The namespace of the machine itself. */
export const NODE_NETNS = '/proc/1/ns/net';
export const builtHelper = fileURLToPath(new URL('../native/build/netverdict-collect', import.meta.url));

export const builtCapture = fileURLToPath(new URL('../native/build/netverdict-capture', import.meta.url));

export const builtSidecar = fileURLToPath(new URL('../native/build/netverdict-watch', import.meta.url));

export const builtProber = fileURLToPath(new URL('../native/build/netverdict-probe', import.meta.url));

export function configurationOf(given: ValuesOf<typeof COLLECTOR_AGENT>): Configuration {
  const { cluster, node, spoolDir } = given;
  return {
    cluster,
    node,
    natsUrl: given.natsUrl,
    nkeySeedFile: given.nkeyFile,
    hostNetns: given.hostNetns,
    criEndpoint: given.criEndpoint,
    helperPath: given.helper ?? builtHelper,
    watchEveryMs: given.watchEvery,
    sidecarPath: given.sidecar ?? builtSidecar,
    btfFile: given.btfFile,
    capturePath: given.capture ?? builtCapture,
    proberPath: given.prober ?? builtProber,
    limits: { cpuPercent: given.cpuPercent, memoryBytes: given.memoryMib * 1024 * 1024 },
    budget: { lookMs: given.budgetLook, calmMs: given.budgetCalm },
    spoolDisk:
      spoolDir === null
        ? null
        : {
            // Several nodes of a lab may be one machine.
            dir: join(spoolDir, `${cluster}-${node}`.replaceAll(/[^\w.-]/g, '_')),
            maxBytes: given.spoolMib * 1024 * 1024,
          },
    cgroupRoot: given.cgroupRoot,
  };
}
