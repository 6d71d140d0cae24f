import { anomalies, byPod, type Dashboard, PLACE, POD, panel } from './panel.ts';

export const pods: Dashboard = {
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
};
