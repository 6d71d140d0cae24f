/** A rule printed from its expressions is what `nft list ruleset` prints, but for what `plain` takes away and what is listed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nftKernel } from '../testing/nft-kernel.ts';
import { ruleRows } from '../testing/nft-rules.ts';
import { rulesetOf } from '../testing/nft-world.ts';

let kernel: ReturnType<typeof nftKernel>;
beforeAll(() => {
  kernel = nftKernel('nv-nft-print');
});
afterAll(() => kernel.close());

/** The order of an anonymous set's elements, and zeros in front of hexadecimal numbers. */
const plain = (text: string): string =>
  text
    .replace(/\{ ([^}]*) \}/g, (_, inner: string) => `{ ${inner.split(', ').sort().join(', ')} }`)
    .replace(/0x0*(?=[0-9a-f])/g, '0x');

/** Where ours is other than nft's: what it says is the same, or it has no words for it and shows the bytes. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ['ip dscp cs1 accept', '@nh,8,8 & 0xfc == 0x20 accept'],
  [
    'icmp type destination-unreachable icmp code port-unreachable accept',
    'icmp type destination-unreachable icmp code 3 accept',
  ],
  ['iif "lo" accept', 'iif 1 accept'],
  ['oif != "lo" accept', 'oif != 1 accept'],
  ['meta priority set 1:2', 'meta priority set 0x2000100'],
  ['meta day "Monday" accept', 'meta time_day 0x1 accept'],
  ['ct expiration 30s accept', 'ct expiration 0x30750000 accept'],
  ['ip dscp set cs3', '@nh,0,16 set @nh,0,16 & 0xff03 ^ 0x60'],
  ['ip ttl set 5', '@nh,64,16 set @nh,64,16 & 0xff ^ 0x500'],
  ['dup to 10.0.0.9 device "lo"', 'dup to 10.0.0.9 device 1'],
  [
    'snat ip prefix to ip saddr map { 10.141.11.0/24 : 192.168.2.0/24 }',
    'snat ip prefix to ip saddr map { 10.141.11.0/24 : 0xc0a80200c0a802ff }',
  ],
  ['frag more-fragments 1 drop', '@exthdr-frag,24,8 & 0x1 == 0x1 drop'],
  ['rt type 0 drop', '@exthdr-rt,16,8 0x0 drop'],
  ['vlan id 5 accept', 'ether type 8021q @ll,112,16 & 0xfff == 0x5 accept'],
  ['vlan id 10 accept', 'ether type 8021q @ll,112,16 & 0xfff == 0xa accept'],
  ['fwd to "lo"', 'fwd to 1'],
  ['dup to "lo"', 'dup to 1'],
  ['meta priority set 0:1', 'meta priority set 0x1000000'],
]);

describe('as nft prints it', () => {
  it.each(ruleRows())('$family: $rule', async ({ family, hook, rule }) => {
    kernel.load(rulesetOf(family, hook, rule));
    const listed = kernel.nft(['list', 'chain', family, 't', 'c']).split('\n')[3]?.trim() ?? '';
    const { tables } = await kernel.read();
    const ours = tables[0]?.chains.find((c) => c.name === 'c')?.rules[0]?.evidence.text ?? '';
    expect(plain(ours)).toBe(plain(DIFFERENT.get(listed) ?? listed));
  });
});
