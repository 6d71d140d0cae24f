import { byNode, type Dashboard, NODE, panel, rate } from './panel.ts';

export const pipeline: Dashboard = {
  uid: 'netverdict-pipeline',
  title: 'Netverdict / Agents and pipeline',
  by: 'node',
  panels: [
    panel(
      'Open incidents',
      'short',
      [['sum by (severity) (netverdict_incidents{state="open"})', '{{severity}}']],
      '',
      'stat',
    ),
    panel(
      'Agents',
      'short',
      [
        ['sum(up{job="netverdict-agent"})', 'answer'],
        [`sum(netverdict_watch_up{${NODE}})`, 'with probes'],
      ],
      '',
      'stat',
    ),
    panel(
      'CPU of agents',
      'percentunit',
      [[byNode('agent_cpu_seconds_total'), '{{node}}']],
      'Agent, helper and sidecar, in cores',
    ),
    panel('Memory of agents', 'bytes', [[`netverdict_agent_memory_bytes{${NODE}}`, '{{node}}']]),
    panel('Seen by probes', 'cps', [[`sum by (probe) (${rate('probe_seen_total', NODE)})`, '{{probe}}']]),
    panel('What became of it', 'cps', [
      [`sum by (outcome) (${rate('probe_events_total', NODE)})`, '{{outcome}}'],
      [`sum(${rate('probe_missed_total', NODE)})`, 'missed'],
    ]),
    panel(
      'Accounted for',
      'cps',
      [['sum by (account) (rate(netverdict_anomalies_accounted_total[$__rate_interval]))', '{{account}}']],
      'As GET /api/v1/accounting',
    ),
    panel('Spools', 'short', [
      [`netverdict_spool_batches{${NODE}}`, '{{node}}'],
      [`sum by (node) (increase(netverdict_spool_lost_total{${NODE}}[5m]))`, 'lost {{node}}'],
    ]),
    panel('Rows stored', 'cps', [
      ['sum by (cluster) (rate(netverdict_events_stored_total[$__rate_interval]))', '{{cluster}}'],
    ]),
    panel('From the node to the store (p95)', 's', [
      [
        'histogram_quantile(0.95, sum by (cluster, le) (rate(netverdict_batch_lag_seconds_bucket[$__rate_interval])))',
        '{{cluster}}',
      ],
    ]),
    panel('Dead letters', 'short', [
      ['sum by (cluster) (increase(netverdict_batches_dead_letter_total[1h]))', '{{cluster}}'],
    ]),
    panel('Sinks', 'cps', [
      ['sum by (sink) (rate(netverdict_sink_sent_total[$__rate_interval]))', 'sent {{sink}}'],
      ['sum by (sink) (rate(netverdict_sink_dropped_total[$__rate_interval]))', 'dropped {{sink}}'],
      ['sum by (sink) (rate(netverdict_sink_refused_total[$__rate_interval]))', 'refused {{sink}}'],
    ]),
    panel(
      'Reading of /metrics',
      's',
      [[`netverdict_scrape_seconds{${NODE}}`, '{{node}}']],
      'Time that reading all namespaces took',
    ),
  ],
};
