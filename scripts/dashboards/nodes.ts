import { anomalies, byNode, type Dashboard, NODE, PLACE, panel } from './panel.ts';

export const nodes: Dashboard = {
  uid: 'netverdict-nodes',
  title: 'Netverdict / Nodes',
  by: 'node',
  panels: [
    panel(
      'Agents',
      'short',
      [
        ['sum(up{job="netverdict-agent"})', 'answer'],
        ['count(up{job="netverdict-agent"})', 'known'],
      ],
      'Agents that Prometheus can read',
      'stat',
    ),
    panel(
      'Anomalies',
      'cps',
      [[`sum by (node) (${anomalies('.+', NODE)})`, '{{node}}']],
      'All kinds, scaled by the sampling',
    ),
    panel('Received', 'Bps', [[byNode('device_receive_bytes_total'), '{{node}}']]),
    panel('Sent', 'Bps', [[byNode('device_transmit_bytes_total'), '{{node}}']]),
    panel('Device errors and drops', 'cps', [
      [byNode('device_receive_errors_total'), 'receive errors {{node}}'],
      [byNode('device_receive_dropped_total'), 'receive drops {{node}}'],
      [byNode('device_transmit_errors_total'), 'transmit errors {{node}}'],
      [byNode('device_transmit_dropped_total'), 'transmit drops {{node}}'],
    ]),
    panel(
      'Softnet',
      'cps',
      [
        [byNode('softnet_dropped_total'), 'dropped {{node}}'],
        [byNode('softnet_squeezed_total'), 'squeezed {{node}}'],
      ],
      'Dropped: the input queue of a CPU was full. Squeezed: a softirq had more to do than its budget',
    ),
    panel('Conntrack table', 'percentunit', [
      [`netverdict_conntrack_entries{${NODE}} / (netverdict_conntrack_limit{${NODE}} > 0)`, PLACE],
    ]),
    panel('Conntrack trouble', 'cps', [
      [byNode('conntrack_insert_failed_total'), 'insert failed {{node}}'],
      [byNode('conntrack_drop_total'), 'drop {{node}}'],
      [byNode('conntrack_early_drop_total'), 'early drop {{node}}'],
    ]),
    panel('Queueing disciplines', 'cps', [
      [byNode('qdisc_drops_total'), 'drops {{node}}'],
      [byNode('qdisc_requeues_total'), 'requeues {{node}}'],
    ]),
    panel('IP discards', 'cps', [
      [byNode('ip_in_discards_total'), 'in {{node}}'],
      [byNode('ip_out_discards_total'), 'out {{node}}'],
      [byNode('ip_out_no_routes_total'), 'no route {{node}}'],
    ]),
  ],
};
