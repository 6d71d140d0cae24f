import { expect, it } from 'vitest';
import { COUNTERS, GAUGES, metricName } from './families.ts';

it.each([
  ['TcpExt.ListenOverflows', 'counter', 'netverdict_tcp_ext_listen_overflows_total'],
  ['TcpExt.DelayedACKs', 'counter', 'netverdict_tcp_ext_delayed_acks_total'],
  ['TcpExt.TCPZeroWindowDrop', 'counter', 'netverdict_tcp_ext_tcp_zero_window_drop_total'],
  ['Ip.ReasmOKs', 'counter', 'netverdict_ip_reasm_oks_total'],
  ['Ip6InDiscards', 'counter', 'netverdict_ip6_in_discards_total'],
  ['conntrack.insert_failed', 'counter', 'netverdict_conntrack_insert_failed_total'],
  ['Tcp.CurrEstab', 'gauge', 'netverdict_tcp_curr_estab'],
  ['TCP.inuse', 'gauge', 'netverdict_sockstat_tcp_inuse'],
] as const)('%s', (key, kind, name) => expect(metricName(key, kind)).toBe(name));

it('no two have one name, and all are names to Prometheus', () => {
  const names = [
    ...COUNTERS.map((key) => metricName(key, 'counter')),
    ...GAUGES.map((key) => metricName(key, 'gauge')),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*[a-z0-9]$/);
});
