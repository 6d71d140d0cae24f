import { expect, test } from 'vitest';
import { backgroundView } from './background.ts';

const request = { source: { pod: 'shop/cart' }, destination: { pod: 'bank/till', port: 80 } };
const codes = (hops: (string | null)[]) => hops.map((hop) => ({ code: 'NV-X', hop }));

test('who may see all sees all', () => {
  const view = backgroundView(null);
  const problem = { type: 't', title: 'bank/till', detail: '', suggestions: ['bank/x'] };
  expect(view.deciding(codes(['node-1/pod/bank/till']))).toEqual(codes(['node-1/pod/bank/till']));
  expect([view.message(request, 'bank/vault'), view.problem(request, problem)]).toEqual(['bank/vault', problem]);
});

test('of what decides in another namespace the code stands and the place does not', () => {
  const hops = ['node-1/host', 'node-1/pod/shop/cart', 'node-2/pod/bank/till', 'node-2/other/vault', 'wire', null];
  expect(
    backgroundView(['shop'])
      .deciding(codes(hops))
      .map(({ hop }) => hop),
  ).toEqual([...['node-1/host', 'node-1/pod/shop/cart', '[redacted]', '[redacted]', 'wire', null]]);
});

test('messages and problems name what was asked for and nobody else', () => {
  const view = backgroundView(['shop']);
  expect(view.message(request, 'There is no pod bank/till, but bank/vault')).not.toContain('vault');
  expect(view.message(request, null)).toBeNull();
  const problem = {
    type: 'unknown-pod',
    title: 'x',
    detail: 'bank/till is not there',
    suggestions: ['bank/vault', 'shop/cart'],
  };
  expect(view.problem(request, problem)).toMatchObject({ type: 'unknown-pod', suggestions: ['shop/cart'] });
  expect(view.problem(request, problem)?.detail).toContain('bank/till');
});
