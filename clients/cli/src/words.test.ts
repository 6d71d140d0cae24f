import { expect, it } from 'vitest';
import { splitCommands, splitWords } from './words.ts';

it.each([
  ['iptables-nft -t filter -D FORWARD -j DROP', ['iptables-nft', '-t', 'filter', '-D', 'FORWARD', '-j', 'DROP']],
  [
    'iptables -m comment --comment "two words" -j DROP',
    ['iptables', '-m', 'comment', '--comment', 'two words', '-j', 'DROP'],
  ],
  ["sysctl -w 'net.ipv4.ip_forward=1'", ['sysctl', '-w', 'net.ipv4.ip_forward=1']],
  ['a; rm -rf /', ['a;', 'rm', '-rf', '/']],
])('%s', (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

it('commands are parted at &&', () => {
  expect(splitCommands('ip link set eth0 up && ip route add default via 10.0.0.1')).toEqual([
    ['ip', 'link', 'set', 'eth0', 'up'],
    ['ip', 'route', 'add', 'default', 'via', '10.0.0.1'],
  ]);
});
