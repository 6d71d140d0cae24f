import { expect, test } from 'vitest';
import { callbackPolicy } from './callback-policy.ts';

const strict = callbackPolicy([]);

test.each([
  'https://127.0.0.1/',
  'https://127.9.9.9:8080/x',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0/',
  'https://localhost/',
  'https://localhost./',
  'https://a.localhost/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://169.254.169.254/latest/meta-data',
  'https://100.100.100.200/',
  'https://10.0.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1:9000/',
  'https://[fd00::1]/',
  'https://[fe80::1]/',
  'https://[fd00:ec2::254]/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'http://example.org/',
  'http://93.184.216.34/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'https://user:pw@example.org/',
])('%s is refused', (url) => {
  expect(strict.refuseUrl(url)).not.toBeNull();
});

test.each(['https://example.org/hook', 'https://172.32.0.1/', 'https://93.184.216.34/', 'https://[2606:2800::1]/'])(
  '%s is taken',
  (url) => {
    expect(strict.refuseUrl(url)).toBeNull();
  },
);

test.each(['169.254.169.254', '127.0.0.1', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', 'fe80::1%eth0', 'fd12::1'])(
  'a name that stands for %s when it is called is refused',
  (address) => {
    expect(strict.refuseAddress('rebind.example', address, false)).not.toBeNull();
  },
);

test('a name that stands for a public address is called, with TLS only', () => {
  expect(strict.refuseAddress('good.example', '93.184.216.34', false)).toBeNull();
  expect(strict.refuseAddress('good.example', '93.184.216.34', true)).toContain('TLS');
});

test('hosts, addresses and prefixes can be allowed all the same, also without TLS', () => {
  const policy = callbackPolicy(['127.0.0.0/8', '::1', 'metadata.test']);
  expect(policy.refuseUrl('http://127.0.0.1/')).toBeNull();
  expect(policy.refuseUrl('http://localhost/')).toBeNull();
  expect(policy.refuseUrl('http://[::1]/')).toBeNull();
  expect(policy.refuseUrl('http://metadata.test/')).toBeNull();
  // It may stand for an allowed address: judged when it is called.
  expect(policy.refuseUrl('http://other.test/')).toBeNull();
  expect(policy.refuseAddress('other.test', '10.0.0.1', true)).not.toBeNull();
  expect(policy.refuseAddress('metadata.test', '169.254.169.254', true)).toBeNull();
  expect(policy.refuseUrl('http://169.254.169.254/')).not.toBeNull();
  expect(() => callbackPolicy(['10.0.0.0/x'])).toThrow('"10.0.0.0/x"');
});
