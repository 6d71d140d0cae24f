import { anomalies, byPod, type Dashboard, latency, PLACE, POD, panel } from './panel.ts';

export const tcp: Dashboard = {
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
};
