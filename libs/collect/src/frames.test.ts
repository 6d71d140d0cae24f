import { expect, it } from 'vitest';
import { encodeRequest, type Frame, FrameReader } from './frames.ts';

const framed = (body: string): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(Buffer.byteLength(body));
  return Buffer.concat([head, Buffer.from(body)]);
};

it('a request is a length, a type and NUL-terminated fields', () => {
  expect(encodeRequest('C', '1', ['/x', ''])).toEqual(framed('C1\0/x\0\0'));
  expect(() => encodeRequest('C', '1', ['a\0b'])).toThrow('NUL');
});

it('frames are the same however the pipe cuts them', () => {
  const bytes = Buffer.concat([
    framed('H1\0netverdict-collect\0'),
    framed('S7\0ip-link\x0042\0[]ü\0\n'),
    framed('M7\0ipset-save\0no\0'),
    framed('E7\0'),
  ]);
  const expected: Frame[] = [
    { type: 'hello', version: '1' },
    { type: 'section', id: '7', kind: 'ip-link', micros: 42, text: '[]ü\0\n' },
    { type: 'missing', id: '7', kind: 'ipset-save', reason: 'no' },
    { type: 'end', id: '7' },
  ];
  for (const step of [1, 2, 3, 7, bytes.length]) {
    const reader = new FrameReader();
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length; at += step) frames.push(...reader.push(bytes.subarray(at, at + step)));
    expect(frames).toEqual(expected);
  }
});

it('what is no frame is refused', () => {
  expect(() => new FrameReader().push(Buffer.from('ffffffff', 'hex'))).toThrow('cannot be');
  expect(() => new FrameReader().push(framed('?'))).toThrow('unknown type');
  expect(() => new FrameReader().push(framed('S1'))).toThrow('within a field');
});
