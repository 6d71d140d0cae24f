import { expect, test } from 'vitest';
import { callbackPolicy } from './callback-policy.ts';

const strict = callbackPolicy([]);

test.each([
  'http://127.0.0.1/',
  'http://127.9.9.9:8080/x',
  'http://2130706433/',
  'http://0/',
  'http://localhost/',
  'http://a.localhost/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://169.254.169.254/latest/meta-data',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'http://user:pw@example.org/',
])('%s is refused', (url) => {
  expect(strict.refuseUrl(url)).not.toBeNull();
});

test.each(['https://example.org/hook', 'http://10.0.0.1/', 'http://192.168.1.1:9000/', 'http://[fd00::1]/'])(
  '%s is taken',
  (url) => {
    expect(strict.refuseUrl(url)).toBeNull();
  },
);

test('a name is judged by the address that it stands for when it is called', () => {
  expect(strict.refuseAddress('rebind.example', '169.254.169.254')).not.toBeNull();
  expect(strict.refuseAddress('rebind.example', '93.184.216.34')).toBeNull();
});

test('hosts, addresses and prefixes can be allowed all the same', () => {
  const policy = callbackPolicy(['127.0.0.0/8', '::1', 'metadata.test']);
  expect(policy.refuseUrl('http://127.0.0.1/')).toBeNull();
  expect(policy.refuseUrl('http://localhost/')).toBeNull();
  expect(policy.refuseUrl('http://[::1]/')).toBeNull();
  expect(policy.refuseAddress('metadata.test', '169.254.169.254')).toBeNull();
  expect(policy.refuseUrl('http://169.254.169.254/')).not.toBeNull();
  expect(() => callbackPolicy(['10.0.0.0/x'])).toThrow('"10.0.0.0/x"');
});
