import { expect, it } from 'vitest';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.ts';

it('a merge patch replaces lists and removes what is null', () => {
  expect(mergePatch({ a: { b: 1, c: 2 }, list: [1, 2] }, { a: { b: null, d: 3 }, list: [3] })).toEqual({
    a: { c: 2, d: 3 },
    list: [3],
  });
});

it('a strategic merge patch merges ports by their number and deletes what it is told to', () => {
  const old = { spec: { ports: [{ port: 80, name: 'http' }, { port: 443 }], externalIPs: ['192.0.2.1'] } };
  const patch = {
    spec: {
      '$setElementOrder/ports': [{ port: 80 }],
      ports: [
        { port: 80, targetPort: 8080 },
        { port: 443, $patch: 'delete' },
      ],
      externalIPs: ['192.0.2.2'],
    },
  };
  expect(strategicMergePatch(old, patch)).toEqual({
    spec: { ports: [{ port: 80, name: 'http', targetPort: 8080 }], externalIPs: ['192.0.2.2'] },
  });
});

it('a JSON patch is applied in order, to a copy', () => {
  const old = { metadata: { labels: { 'a/b': 'x' } }, list: [1, 3] };
  const operations = [
    { op: 'test', path: '/metadata/labels/a~1b', value: 'x' },
    { op: 'add', path: '/list/1', value: 2 },
    { op: 'move', from: '/metadata/labels/a~1b', path: '/metadata/labels/c' },
    { op: 'remove', path: '/list/0' },
  ];
  expect(jsonPatch(old, operations)).toEqual({ metadata: { labels: { c: 'x' } }, list: [2, 3] });
  expect(old.list).toEqual([1, 3]);
  expect(() => jsonPatch(old, [{ op: 'test', path: '/list/0', value: 9 }])).toThrow('testing value /list/0 failed');
});
