import { expect, it, vi } from 'vitest';
import { probeControl, type Restraint } from './probe-control.ts';

function controlled(refuse: (text: string) => string | null = () => null) {
  const said: string[] = [];
  const control = probeControl({
    command: async (text) => {
      const problem = refuse(text);
      if (problem !== null) throw new Error(problem);
      said.push(text);
    },
    log: { info() {}, warn() {} },
    againMs: 5,
  });
  return { said, control };
}

it('a probe is told all that is configured for it, and nothing twice', async () => {
  const { said, control } = controlled();
  const probes = {
    connects: { threshold: 1000, filter: { address: '10.0.0.0/8', port: 80, protocol: 'tcp' as const } },
    dns: { enabled: true },
    drops: { oneIn: 10, samples: 0, filter: { exclude: ['NO_SOCKET', 'TCP_OLD_DATA'] } },
  };
  await control.configure({ version: 3, probes });
  await control.configure({ version: 4, probes });
  expect(said).toEqual([
    'reset drops',
    'set drops samples 0',
    'set drops one-in 10',
    'set drops exclude NO_SOCKET,TCP_OLD_DATA',
    'on drops',
    'reset connects',
    'set connects threshold 1000',
    'set connects address 10.0.0.0/8',
    'set connects port 80',
    'set connects protocol 6',
    'on connects',
    'reset dns',
    'on dns',
  ]);
  expect(control.report()).toEqual({ version: 4, problems: [] });
  expect(control.settings('connects')).toEqual({
    threshold: 1000,
    filter: '10.0.0.0/8 port 80 tcp',
    because: 'configuration',
  });
  expect(control.settings('udp')).toBeUndefined();
  said.length = 0;
  await control.configure({ version: 5, probes: {} });
  expect(said).toEqual(['reset drops', 'on drops', 'reset connects', 'on connects', 'reset dns', 'off dns']);
});

it('the budget goes over the configuration and gives back what it took', async () => {
  const { said, control } = controlled();
  await control.configure({ version: 1, probes: { drops: { oneIn: 2 } } });
  said.length = 0;
  await control.restrain(
    new Map<string, Restraint>([
      ['drops', { oneIn: 8 }],
      ['connects', 'off'],
    ]),
  );
  expect(said).toEqual(['reset drops', 'set drops one-in 16', 'on drops', 'reset connects', 'off connects']);
  expect(control.settings('drops')).toEqual({ oneIn: 16, because: 'budget' });
  expect(control.wanted('connects')).toBe(true);
  said.length = 0;
  await control.restrain(new Map());
  expect(said).toEqual(['reset drops', 'set drops one-in 2', 'on drops', 'reset connects', 'on connects']);
});

it('what this kernel refuses is told, and not tried for ever', async () => {
  const { said, control } = controlled((text) => (text.includes('exclude') ? 'this kernel has no such reason' : null));
  await control.configure({ version: 2, probes: { drops: { filter: { exclude: ['NEW_REASON'] } }, teapot: {} } });
  expect(control.report().problems).toEqual([
    { probe: 'teapot', setting: 'name', problem: 'no such probe in this agent' },
    { probe: 'drops', setting: 'filter.exclude', problem: 'this kernel has no such reason' },
  ]);
  const before = said.length;
  await control.restrain(new Map());
  expect(said.length).toBe(before);
});

it('what the sidecar did not hear while it was away is said when it is back', async () => {
  let away = true;
  const { said, control } = controlled(() => (away ? 'the sidecar does not run: SIGKILL' : null));
  await control.configure({ version: 7, probes: { dns: { enabled: true } } });
  expect(control.report()).toMatchObject({ version: 7, problems: [{ probe: 'dns' }, { probe: 'dns' }] });
  away = false;
  await vi.waitFor(() => expect(said).toEqual(['reset dns', 'on dns']), { timeout: 10_000 });
  expect(control.report().problems).toEqual([]);
  control.stop();
});
