import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FlowBatches, ofFlows } from './flow-entries.ts';

const tcp =
  'ipv4     2 tcp      6 431998 ESTABLISHED src=10.0.0.1 dst=10.96.0.80 sport=4000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=8080 dport=4000 [ASSURED] mark=0 use=1\n';
const icmp =
  'ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=1 mark=0 use=1\n';
const flow = (protocol: number, addresses: string[], ports: number[] = []) => ({ protocol, addresses, ports });

it('an entry is of a flow by both ends of one direction and one port', () => {
  const text = tcp + icmp;
  expect(ofFlows(text, [flow(6, ['10.0.0.1', '10.96.0.80'], [80])])).toBe(tcp);
  expect(ofFlows(text, [flow(6, ['10.0.0.2', '10.0.0.1'], [8080])])).toBe(tcp);
  expect(ofFlows(text, [flow(1, ['10.0.0.1', '10.0.0.2'], [80])])).toBe(icmp);
  expect(ofFlows(text, [flow(6, ['10.0.0.1', '10.0.0.9'], [80])])).toBe('');
  expect(ofFlows(text, [flow(6, ['10.0.0.1', '10.0.0.2'], [81])])).toBe('');
  expect(ofFlows(text, [flow(17, ['10.0.0.1', '10.0.0.2'])])).toBe('');
});

it('requests that come during a reading share the next one', async () => {
  const asked: number[] = [];
  const batches = new FlowBatches(async (flows) => {
    asked.push(flows.length);
    await pause(10);
    return flows.length;
  });
  const results = await Promise.all([1, 2, 3, 4].map(() => batches.get([flow(6, [])])));
  expect(asked).toEqual([1, 3]);
  expect(results).toEqual([1, 3, 3, 3]);
  expect(batches.idle).toBe(true);
});
