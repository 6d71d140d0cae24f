import { expect, test } from 'vitest';
import { ConfigurationError, integer, listenAddress, oneOf, optional, required, url } from './environment.ts';

test('empty is absent', () => {
  expect(optional('X', 'fallback', { X: ' ' })).toBe('fallback');
  expect(() => required('X', 'what it is', { X: '' })).toThrow('X is not set (what it is)');
});

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  [':9090', { host: '::', port: 9090 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
])('listen address %s', (text, expected) => {
  expect(listenAddress('X', null, { X: text })).toEqual(expected);
});

test.each(['8080', 'host', 'host:70000', '::1:80', 'host:'])('no listen address: %s', (text) => {
  expect(() => listenAddress('X', null, { X: text })).toThrow(ConfigurationError);
});

test('integers and choices are told with their range', () => {
  expect(integer('X', 3, { min: 1, max: 5 }, {})).toBe(3);
  expect(() => integer('X', 3, { min: 1, max: 5 }, { X: '6' })).toThrow('X must be an integer from 1 to 5, not "6"');
  expect(() => oneOf('X', 'a', ['a', 'b'], { X: 'c' })).toThrow('X must be one of a, b, not "c"');
});

test('a bad URL is not repeated in the message: it may hold a password', () => {
  expect(() => url('X', ['postgres'], 'database', { X: 'mysql://u:secret@h/d' })).toThrow(
    /^X must be a URL that begins with postgres:\/\/$/,
  );
});
