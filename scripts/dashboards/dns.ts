import { anomalies, byPod, type Dashboard, latency, NODE, PLACE, POD, panel, quantile, rate } from './panel.ts';

export const dns: Dashboard = {
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
};
