/** What the contracts say of the probes that can be configured is what the sidecar says of itself. */
import { CONFIGURABLE_PROBES } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtSidecar } from '../configuration.ts';
import type { ProbeStatus } from '../watch/frames.ts';
import { type Sidecar, startSidecar } from '../watch/sidecar.ts';

let sidecar: Sidecar;
let status: readonly ProbeStatus[] = [];
beforeAll(async () => {
  sidecar = startSidecar({
    path: builtSidecar,
    parameters: [],
    log: { info() {}, warn: (fields, message) => console.warn(message, fields) },
    onFrame: (frame) => {
      if (frame.type === 'status' && status.length === 0) status = frame.probes;
    },
    onGap: () => undefined,
  });
  await vi.waitFor(() => expect(status.length).toBeGreaterThan(0), { timeout: 20_000 });
}, 30_000);
afterAll(() => sidecar?.close());

it.each(Object.entries(CONFIGURABLE_PROBES))(
  '%s: on at first, threshold and reasons are the sidecar’s',
  async (name, described) => {
    const probe = status.find((one) => one.name === name);
    expect(probe?.state).not.toBe('unavailable');
    expect(probe?.state === 'on').toBe(described.on);
    expect(probe?.threshold ?? null).toBe(described.threshold);
    // Both enumerations of the kernel have it; a probe with neither refuses every name.
    const excluding = sidecar.command(`set ${name} exclude NO_SOCKET`);
    if (described.reasons === null) await expect(excluding).rejects.toThrow('this kernel has no such reason');
    else await excluding;
    await sidecar.command(`reset ${name}`);
  },
);
