import { anomalies, byPod, type Dashboard, PLACE, POD, panel } from './panel.ts';

export const drops: Dashboard = {
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
};
