import { expect, test } from 'vitest';
import { CaptureFrameReader } from './helper.ts';

const frame = (type: string, payload = ''): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(Buffer.byteLength(payload) + 1);
  head.write(type, 4);
  return Buffer.concat([head, Buffer.from(payload)]);
};
const ALL = Buffer.concat([
  frame('O', '{"interfaces":["eth0"],"leftOut":[]}'),
  frame('D', 'bytes'),
  frame('F'),
  frame('S', '{"packets":1,"bytes":2,"dropped":3,"files":1}'),
  frame('E', '{"packets":1,"bytes":2,"dropped":3,"files":1,"reason":"size"}'),
]);

test('frames are the same in whatever pieces they come', () => {
  const whole = [...new CaptureFrameReader().push(ALL)];
  expect(whole.map(({ type }) => type)).toEqual(['opened', 'data', 'file', 'progress', 'end']);
  for (const size of [1, 3, 7, 64]) {
    const reader = new CaptureFrameReader();
    const found = [];
    for (let at = 0; at < ALL.length; at += size) found.push(...reader.push(ALL.subarray(at, at + size)));
    expect(found).toEqual(whole);
  }
});

test('a stream that is out of step is an error, not a wait', () => {
  expect(() => [...new CaptureFrameReader().push(Buffer.from([0, 0, 0, 0, 1]))]).toThrow(/frame of 0 bytes/);
  expect(() => [...new CaptureFrameReader().push(Buffer.from([255, 255, 255, 255, 1]))]).toThrow(/frame of/);
  expect(() => [...new CaptureFrameReader().push(frame('?'))]).toThrow(/unknown frame 0x3f/);
});
