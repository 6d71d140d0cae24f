import { type Dashboard, latency, PLACE, POD, panel, quantile } from './panel.ts';

export const latencyByStage: Dashboard = {
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
};
