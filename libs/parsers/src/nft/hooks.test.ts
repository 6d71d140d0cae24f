import { expect, it } from 'vitest';
import { parseSection } from '../section.ts';

/** As nfnetlink_hook.c answers where iptables-legacy, iptables-nft and a table of nft's own filter what is forwarded. */
const LISTED = [
  '[{"family":"ip","hook":"forward","priority":0,"function":"nft_do_chain_ipv4","chain":{"family":"ip","table":"filter","name":"FORWARD"}},',
  '{"family":"ip","hook":"forward","priority":0,"function":"ipt_do_table"},',
  '{"family":"ip","hook":"forward","priority":10,"function":"nft_do_chain_inet","chain":{"family":"inet","table":"t","name":"c"}},',
  '{"family":"ip","hook":"prerouting","priority":-200,"function":"ipv4_conntrack_in"}]',
].join('');

it('hooks are in the order in which the kernel lists them', () => {
  expect(parseSection('netfilter-hooks', LISTED)).toEqual({
    ok: true,
    value: [
      {
        family: 'ip',
        hook: 'forward',
        priority: 0,
        function: 'nft_do_chain_ipv4',
        chain: { family: 'ip', table: 'filter', name: 'FORWARD' },
      },
      { family: 'ip', hook: 'forward', priority: 0, function: 'ipt_do_table', chain: null },
      {
        family: 'ip',
        hook: 'forward',
        priority: 10,
        function: 'nft_do_chain_inet',
        chain: { family: 'inet', table: 't', name: 'c' },
      },
      { family: 'ip', hook: 'prerouting', priority: -200, function: 'ipv4_conntrack_in', chain: null },
    ],
  });
});

it('a kernel that does not list them says nothing of their order', () => {
  expect(parseSection('netfilter-hooks', 'null\n')).toEqual({ ok: true, value: null });
});

it('half a list is an error, not a shorter one', () => {
  expect(parseSection('netfilter-hooks', LISTED.slice(0, 120)).ok).toBe(false);
  expect(parseSection('netfilter-hooks', '[{"family":"ip","hook":"forward"}]').ok).toBe(false);
});
