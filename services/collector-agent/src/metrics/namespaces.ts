/** The kernel's counters of every pod's network namespace and of the node's, as /metrics tells them. */
import { addCounter, addGauge, type Registry, type Row } from '@netverdict/telemetry';
import { COUNTERS, GAUGES, metricName } from './families.ts';
import type { NamespaceMetrics } from './namespace-text.ts';

/** A namespace as it was read last, with the labels that all its rows share: a pod's name, or none for the node's own. */
export interface Reading {
  readonly shared: Readonly<Record<string, string>>;
  readonly host: boolean;
  readonly is: NamespaceMetrics;
}

/**
 * The node's ends of pods' cables are left out, by the names that CNI plugins give them: the pods' own ends tell the same. Of the others a node
 * has few; more than these are left out too, and counted.
 */
const POD_CABLE = /^(veth|cali|lxc|lxd|nk|eni[0-9a-f]{8}|azv|gke|vxlan-v6|tunl|tap)[0-9a-z_]*$/;
const MOST_DEVICES = 48;

const told = ({ host, is }: Reading, device: string): boolean => {
  if (!host) return true;
  if (POD_CABLE.test(device) && device.length > 6) return false;
  const others = is.devices.filter((one) => !(POD_CABLE.test(one.device) && one.device.length > 6));
  return others.findIndex((one) => one.device === device) < MOST_DEVICES;
};

export function addNamespaceMetrics(registry: Registry, readings: () => readonly Reading[]): void {
  for (const [keys, kind] of [
    [COUNTERS, 'counter'],
    [GAUGES, 'gauge'],
  ] as const)
    for (const key of keys) {
      const rows = function* (): Generator<Row> {
        for (const { shared, is } of readings()) {
          const value = is.values.get(key);
          if (value !== undefined) yield { shared, value };
        }
      };
      (kind === 'counter' ? addCounter : addGauge)(registry, metricName(key, kind), `the kernel's ${key}`, rows);
    }
  addDevices(registry, readings);
  addQdiscs(registry, readings);
  addTcp(registry, readings);
  addIpvs(registry, readings);
}

/** As net/core/net-procfs.c orders them. */
const RECEIVE = ['bytes', 'packets', 'errors', 'dropped', 'fifo_errors', 'frame_errors'] as const;
const TRANSMIT = ['bytes', 'packets', 'errors', 'dropped', 'fifo_errors', 'collisions', 'carrier_errors'] as const;

function addDevices(registry: Registry, readings: () => readonly Reading[]): void {
  for (const [way, names] of [
    ['receive', RECEIVE],
    ['transmit', TRANSMIT],
  ] as const)
    for (const [i, name] of names.entries())
      addCounter(
        registry,
        `netverdict_device_${way}_${name}_total`,
        `${way} ${name} of a network device`,
        function* () {
          for (const reading of readings())
            for (const counters of reading.is.devices)
              if (told(reading, counters.device))
                yield { shared: reading.shared, labels: { device: counters.device }, value: counters[way][i] ?? 0 };
        },
      );
  addGauge(registry, 'netverdict_devices_left_out', 'network devices that are not told one by one', function* () {
    for (const reading of readings())
      if (reading.host) yield { value: reading.is.devices.filter(({ device }) => !told(reading, device)).length };
  });
}

const QDISC = {
  bytes: 'bytes',
  packets: 'packets',
  drops: 'drops',
  overlimits: 'overlimits',
  requeues: 'requeues',
} as const;

function addQdiscs(registry: Registry, readings: () => readonly Reading[]): void {
  const rows = (of: keyof typeof QDISC | 'queued' | 'backlog') =>
    function* (): Generator<Row> {
      for (const reading of readings())
        for (const qdisc of reading.is.qdiscs)
          if (told(reading, qdisc.device))
            yield { shared: reading.shared, labels: { device: qdisc.device, kind: qdisc.kind }, value: qdisc[of] };
    };
  for (const name of Object.keys(QDISC) as (keyof typeof QDISC)[])
    addCounter(registry, `netverdict_qdisc_${name}_total`, `${name} of a device's queueing discipline`, rows(name));
  addGauge(registry, 'netverdict_qdisc_queued_packets', 'packets that wait in a queueing discipline', rows('queued'));
  addGauge(registry, 'netverdict_qdisc_backlog_bytes', 'bytes that wait in a queueing discipline', rows('backlog'));
}

function addTcp(registry: Registry, readings: () => readonly Reading[]): void {
  const rows = (of: 'count' | 'received' | 'sent', listeners: boolean) =>
    function* (): Generator<Row> {
      for (const { shared, is } of readings())
        for (const state of is.tcp)
          if (of === 'count' || (state.state === 'listen') === listeners)
            yield { shared, ...(listeners ? {} : { labels: { state: state.state } }), value: state[of] };
    };
  addGauge(registry, 'netverdict_tcp_sockets', 'TCP sockets by state', rows('count', false));
  addGauge(
    registry,
    'netverdict_tcp_receive_queue_bytes',
    'received, not read by their processes yet',
    rows('received', false),
  );
  addGauge(registry, 'netverdict_tcp_send_queue_bytes', 'sent by processes, not acknowledged yet', rows('sent', false));
  addGauge(registry, 'netverdict_tcp_accept_queue', 'connections that wait to be accepted', rows('received', true));
  addGauge(registry, 'netverdict_tcp_accept_queue_limit', 'how many may wait, over all listeners', rows('sent', true));
  addGauge(registry, 'netverdict_tcp_accept_queue_fullest_ratio', 'how full the fullest accept queue is', function* () {
    for (const { shared, is } of readings())
      if (is.fullestListener !== null) yield { shared, value: is.fullestListener };
  });
}

const IPVS = ['connections', 'incoming_packets', 'outgoing_packets', 'incoming_bytes', 'outgoing_bytes'] as const;

function addIpvs(registry: Registry, readings: () => readonly Reading[]): void {
  for (const [i, name] of IPVS.entries())
    addCounter(registry, `netverdict_ipvs_${name}_total`, `${name} of all virtual servers`, function* () {
      for (const { shared, is } of readings()) if (is.ipvs !== null) yield { shared, value: is.ipvs[i] ?? 0 };
    });
}
