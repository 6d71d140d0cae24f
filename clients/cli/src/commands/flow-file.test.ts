import { expect, test } from 'vitest';
import { UsageError } from '../exit-codes.ts';
import { parseFlows } from './flow-file.ts';

const CART = { source: { pod: 'shop/cart' }, destination: { service: 'shop/payments', port: 80 }, protocol: 'tcp' };
const DNS = { source: { node: 'node-1' }, destination: { ip: '10.96.0.10', port: 53 }, protocol: 'udp' };

test.each([
  [
    'a list in YAML',
    'f.yaml',
    '- {from: shop/cart, to: "svc/shop/payments:80"}\n- {from: node/node-1, to: "10.96.0.10:53", protocol: udp}',
  ],
  [
    'flows under a name',
    'f.yml',
    'flows:\n  - from: shop/cart\n    to: svc/shop/payments:80\n  - from: node/node-1\n    to: 10.96.0.10:53\n    protocol: udp\n',
  ],
  [
    'JSON',
    'f.json',
    '[{"from":"shop/cart","to":"svc/shop/payments:80"},{"from":"node/node-1","to":"10.96.0.10:53","protocol":"udp"}]',
  ],
  ['CSV', 'f.csv', 'from,to,protocol\r\nshop/cart, svc/shop/payments:80\r\n\r\nnode/node-1,10.96.0.10:53,udp\r\n'],
])('%s is read', (_what, name, text) => {
  expect(parseFlows(text, name)).toEqual([CART, DNS]);
});

test('options of a flow are those of a question', () => {
  const [flow] = parseFlows(
    '- {from: shop/cart, to: "a/b:1", size: 1500, sourcePort: 40000, fresh: true, probe: 3}',
    'f.yaml',
  );
  expect(flow).toMatchObject({ sizeBytes: 1500, sourcePort: 40000, maxAgeMs: 0, probe: { attempts: 3 } });
});

test.each([
  ['an end that is not understood', 'f.yaml', '- {from: cart, to: "a/b:1"}', 'f.yaml, flow 1: --from "cart"'],
  ['a flow without an end', 'f.yaml', '- {from: a/b, to: "a/b:1"}\n- {from: a/b}', 'f.yaml, flow 2: write from and to'],
  ['an unknown field', 'f.yaml', '- {from: a/b, to: "a/b:1", color: red}', '"color" is not known'],
  ['an object as an end', 'f.yaml', '- {from: {pod: a}, to: "a/b:1"}', 'flow 1: from is {"pod":"a"}'],
  ['a word for yes', 'f.yaml', '- {from: a/b, to: "a/b:1", fresh: maybe}', 'fresh is maybe'],
  ['no list', 'f.yaml', 'hello', 'write a list'],
  ['nothing', 'f.yaml', '[]', 'has 0 flows'],
  ['too many', 'f.yaml', `[${'{from: a/b, to: "a/b:1"},'.repeat(1001)}]`, 'has 1001 flows'],
  ['broken YAML', 'f.yaml', '- {from', 'is not YAML'],
  ['a CSV without names', 'f.csv', 'a/b,a/b:1', 'the first line names the columns'],
  ['a CSV with too many cells', 'f.csv', 'from,to\na/b,a/b:1,tcp', 'line 2: write 2 cells'],
])('%s is refused with its place', (_what, name, text, message) => {
  expect(() => parseFlows(text, name)).toThrow(UsageError);
  expect(() => parseFlows(text, name)).toThrow(message);
});
