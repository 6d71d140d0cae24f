/**
 * Writes the Grafana dashboards in deploy/grafana: one panel is one line here. `npm run dashboards`; a test compares the two, asks a real
 * Prometheus each expression, and checks each dashboard against the model's schema.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

type Unit = 'short' | 'cps' | 's' | 'bytes' | 'Bps' | 'percentunit';

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly kind: 'timeseries' | 'stat' | 'table' | 'bargauge';
  /** Expression and legend. */
  readonly targets: readonly (readonly [string, string])[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** Which variables are there to choose from. */
  readonly by: 'node' | 'pod' | 'cluster';
  readonly panels: readonly Panel[];
}

const panel = (
  title: string,
  unit: Unit,
  targets: readonly (readonly [string, string])[],
  description = '',
  kind: Panel['kind'] = 'timeseries',
): Panel => ({ title, unit, targets, description, kind });

const NODE = 'node=~"$node"';
const POD = 'node=~"$node",namespace=~"$namespace",pod=~"$pod"';
const PLACE = '{{node}} {{namespace}}/{{pod}}';
const rate = (metric: string, of: string): string => `rate(netverdict_${metric}{${of}}[$__rate_interval])`;
const byNode = (metric: string): string => `sum by (node) (${rate(metric, NODE)})`;
const byPod = (metric: string): string => `sum by (node, namespace, pod) (${rate(metric, POD)})`;
const quantile = (q: number, metric: string, by: string, of: string): string =>
  `histogram_quantile(${q}, sum by (${by}, le) (${rate(`${metric}_bucket`, of)}))`;
/** Median and 95th percentile. */
const latency = (title: string, metric: string, description = ''): Panel =>
  panel(
    title,
    's',
    [
      [quantile(0.5, metric, 'node, namespace, pod', POD), `p50 ${PLACE}`],
      [quantile(0.95, metric, 'node, namespace, pod', POD), `p95 ${PLACE}`],
    ],
    description,
  );
const anomalies = (kinds: string, of: string): string => rate('anomalies_total', `kind=~"${kinds}",${of}`);

export const DASHBOARDS: readonly Dashboard[] = [
  {
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
  },
  {
    uid: 'netverdict-pods',
    title: 'Netverdict / Pods',
    by: 'pod',
    panels: [
      panel(
        'Worst pods by anomalies',
        'cps',
        [[`topk(20, sum by (node, namespace, pod, kind) (${anomalies('.+', POD)}))`, `${PLACE} {{kind}}`]],
        '',
        'bargauge',
      ),
      panel('Received', 'Bps', [[byPod('device_receive_bytes_total'), PLACE]]),
      panel('Sent', 'Bps', [[byPod('device_transmit_bytes_total'), PLACE]]),
      panel('TCP sockets', 'short', [
        [`sum by (node, namespace, pod, state) (netverdict_tcp_sockets{${POD}})`, `{{state}} ${PLACE}`],
      ]),
      panel('Fullest accept queue', 'percentunit', [[`netverdict_tcp_accept_queue_fullest_ratio{${POD}}`, PLACE]]),
      panel('Connections opened', 'cps', [
        [byPod('tcp_active_opens_total'), `active ${PLACE}`],
        [byPod('tcp_passive_opens_total'), `passive ${PLACE}`],
      ]),
      panel('Connections failed', 'cps', [
        [`sum by (node, namespace, pod, reason) (${anomalies('tcp-connect-fail', POD)})`, `{{reason}} ${PLACE}`],
      ]),
      panel('UDP', 'cps', [
        [byPod('udp_in_datagrams_total'), `in ${PLACE}`],
        [byPod('udp_out_datagrams_total'), `out ${PLACE}`],
        [byPod('udp_no_ports_total'), `no port ${PLACE}`],
        [byPod('udp_rcvbuf_errors_total'), `buffer full ${PLACE}`],
      ]),
      panel('Owners', 'short', [[`netverdict_pod_info{${POD}}`, '']], 'What owns each pod', 'table'),
    ],
  },
  {
    uid: 'netverdict-drops',
    title: 'Netverdict / Drops by reason',
    by: 'pod',
    panels: [
      panel(
        'Drops by reason',
        'cps',
        [[`sum by (reason) (${anomalies('packet-drop', POD)})`, '{{reason}}']],
        "The kernel's own reasons (enum skb_drop_reason)",
      ),
      panel('Drops by node', 'cps', [[`sum by (node) (${anomalies('packet-drop', POD)})`, '{{node}}']]),
      panel(
        'Drops by pod and reason',
        'cps',
        [[`topk(20, sum by (node, namespace, pod, reason) (${anomalies('packet-drop', POD)}))`, `${PLACE} {{reason}}`]],
        '',
        'bargauge',
      ),
      panel(
        'Drops in the last hour',
        'short',
        [
          [
            `sum by (node, namespace, pod, reason) (increase(netverdict_anomalies_total{kind="packet-drop",${POD}}[1h])) > 0`,
            '',
          ],
        ],
        '',
        'table',
      ),
      panel('ICMP errors', 'cps', [
        [`sum by (kind, reason) (${anomalies('icmp-error-.+', POD)})`, '{{kind}} {{reason}}'],
      ]),
      panel('Neighbours that do not answer', 'cps', [
        [`sum by (node, namespace, pod) (${anomalies('neighbour-fail', POD)})`, PLACE],
      ]),
      panel('Reverse path filter', 'cps', [[byPod('tcp_ext_ip_reverse_path_filter_total'), PLACE]]),
    ],
  },
  {
    uid: 'netverdict-tcp',
    title: 'Netverdict / TCP',
    by: 'pod',
    panels: [
      panel('Segments sent again', 'percentunit', [
        [`${byPod('tcp_retrans_segs_total')} / (${byPod('tcp_out_segs_total')} > 0)`, PLACE],
      ]),
      panel('Retransmissions', 'cps', [
        [byPod('tcp_ext_tcp_timeouts_total'), `timeout ${PLACE}`],
        [byPod('tcp_ext_tcp_fast_retrans_total'), `fast ${PLACE}`],
        [byPod('tcp_ext_tcp_syn_retrans_total'), `SYN ${PLACE}`],
      ]),
      panel('Resets', 'cps', [
        [byPod('tcp_out_rsts_total'), `sent ${PLACE}`],
        [`sum by (node, namespace, pod) (${anomalies('tcp-reset-received', POD)})`, `received ${PLACE}`],
        [byPod('tcp_estab_resets_total'), `of established ${PLACE}`],
      ]),
      panel('Listeners', 'cps', [
        [byPod('tcp_ext_listen_overflows_total'), `overflows ${PLACE}`],
        [byPod('tcp_ext_listen_drops_total'), `drops ${PLACE}`],
        [byPod('tcp_ext_tcp_req_q_full_drop_total'), `SYN queue ${PLACE}`],
      ]),
      panel('Waiting to be accepted', 'short', [
        [`netverdict_tcp_accept_queue{${POD}}`, `waiting ${PLACE}`],
        [`netverdict_tcp_accept_queue_limit{${POD}}`, `limit ${PLACE}`],
      ]),
      latency('Round trip', 'tcp_rtt_seconds'),
      latency('Time to connect', 'tcp_connect_seconds'),
      panel('Queues', 'bytes', [
        [`sum by (node, namespace, pod) (netverdict_tcp_receive_queue_bytes{${POD}})`, `not read ${PLACE}`],
        [`sum by (node, namespace, pod) (netverdict_tcp_send_queue_bytes{${POD}})`, `not acknowledged ${PLACE}`],
      ]),
      panel('Aborts', 'cps', [
        [byPod('tcp_ext_tcp_abort_on_timeout_total'), `timeout ${PLACE}`],
        [byPod('tcp_ext_tcp_abort_on_data_total'), `data ${PLACE}`],
        [byPod('tcp_ext_tcp_abort_on_memory_total'), `memory ${PLACE}`],
      ]),
    ],
  },
  {
    uid: 'netverdict-dns',
    title: 'Netverdict / DNS',
    by: 'pod',
    panels: [
      latency('Time to an answer', 'dns_answer_seconds'),
      panel('Queries answered', 'cps', [[byPod('dns_answer_seconds_count'), PLACE]]),
      panel('Errors and silence', 'cps', [
        [`sum by (node, namespace, pod, kind, reason) (${anomalies('dns-.+', POD)})`, `{{kind}} {{reason}} ${PLACE}`],
      ]),
      panel('Time to an answer by server (p95)', 's', [
        [quantile(0.95, 'peer_dns_answer_seconds', 'peer', POD), '{{peer}}'],
      ]),
      panel('Time to an answer by name (p95)', 's', [[quantile(0.95, 'dns_name_seconds', 'name', NODE), '{{name}}']]),
      panel('Failures by name', 'cps', [
        [`topk(20, sum by (name, failure) (${rate('dns_failures_total', NODE)}))`, '{{name}} {{failure}}'],
      ]),
      panel(
        'Worst pods',
        'cps',
        [[`topk(20, sum by (node, namespace, pod) (${anomalies('dns-error|dns-unanswered', POD)}))`, PLACE]],
        '',
        'bargauge',
      ),
    ],
  },
  {
    uid: 'netverdict-latency',
    title: 'Netverdict / Latency by stage',
    by: 'pod',
    panels: [
      latency('Softirq: waiting (receive)', 'softirq_receive_wait_seconds', 'From raised to run'),
      latency('Softirq: running (receive)', 'softirq_receive_run_seconds'),
      latency('Receive: backlog', 'receive_backlog_seconds'),
      latency('Receive: to the reader', 'receive_to_reader_seconds'),
      latency('Socket: waiting to read', 'socket_read_wait_seconds'),
      latency('Socket: writing', 'socket_write_seconds'),
      latency('Transmit: queued', 'transmit_queued_seconds'),
      latency('Transmit: driver', 'transmit_driver_seconds'),
      latency('TCP round trip', 'tcp_rtt_seconds'),
      latency('TCP jitter', 'tcp_jitter_seconds'),
      panel(
        'Round trip by far end (p95)',
        's',
        [
          [
            `topk(20, ${quantile(0.95, 'peer_tcp_rtt_seconds', 'node, namespace, pod, peer', POD)})`,
            `${PLACE} → {{peer}}`,
          ],
        ],
        'Of the first 128 far ends',
        'bargauge',
      ),
    ],
  },
  {
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
  },
];

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

const variable = (name: string, query: string) => ({
  name,
  type: 'query',
  datasource: DATASOURCE,
  query: { query, refId: `variable-${name}` },
  definition: query,
  refresh: 2,
  multi: true,
  includeAll: true,
  // Rows of the node itself have no pod: `.*` takes them too.
  allValue: '.*',
  sort: 1,
  current: { selected: true, text: ['All'], value: ['$__all'] },
});

const VARIABLES: Readonly<Record<Dashboard['by'], readonly ReturnType<typeof variable>[]>> = {
  cluster: [],
  node: [variable('node', 'label_values(netverdict_watch_up, node)')],
  pod: [
    variable('node', 'label_values(netverdict_watch_up, node)'),
    variable('namespace', 'label_values(netverdict_pod_info{node=~"$node"}, namespace)'),
    variable('pod', 'label_values(netverdict_pod_info{node=~"$node",namespace=~"$namespace"}, pod)'),
  ],
};

const WIDTH = 12;
const HEIGHT = 8;

/** Grafana's dashboard model, schema version 39. */
export function dashboardJson({ uid, title, by, panels }: Dashboard): object {
  return {
    uid,
    title,
    tags: ['netverdict'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-1h', to: 'now' },
    refresh: '30s',
    timezone: 'browser',
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }, ...VARIABLES[by]],
    },
    links: [
      {
        type: 'dashboards',
        title: 'Netverdict',
        tags: ['netverdict'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
      },
    ],
    annotations: { list: [] },
    panels: panels.map(({ title: name, description, unit, kind, targets }, i) => ({
      id: i + 1,
      type: kind,
      title: name,
      description,
      datasource: DATASOURCE,
      gridPos: { h: HEIGHT, w: WIDTH, x: (i % 2) * WIDTH, y: Math.floor(i / 2) * HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options:
        kind === 'timeseries'
          ? {
              legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
              tooltip: { mode: 'multi', sort: 'desc' },
            }
          : {},
      targets: targets.map(([expr, legendFormat], j) => ({
        refId: String.fromCharCode(65 + j),
        datasource: DATASOURCE,
        expr,
        legendFormat: legendFormat === '' ? '__auto' : legendFormat,
        ...(kind === 'timeseries' ? { range: true, instant: false } : { range: false, instant: true }),
        ...(kind === 'table' ? { format: 'table' } : {}),
      })),
    })),
  };
}

export const fileOf = ({ uid }: Dashboard): string => `${uid}.json`;
export const textOf = (dashboard: Dashboard): string => `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const dashboard of DASHBOARDS)
    writeFileSync(new URL(`../deploy/grafana/${fileOf(dashboard)}`, import.meta.url), textOf(dashboard));
