/** Findings at the destination's socket. */
import { formatIp, type Ipv4, type Ipv6, type Socket } from '@netverdict/linux-net';
import { change, type Derived, nameOf, type Situation } from './finding.ts';
import { nearMiss } from './listener.ts';

export function noListener(s: Situation<'no-listener'>): Derived {
  const { ns, cause, stop } = s;
  const protocol = stop.packet.protocol === 6 ? 'tcp' : 'udp';
  const port = stop.packet.dport ?? 0;
  const where = nameOf(ns);
  const patch = change(ns, (state) =>
    state.sockets.known
      ? {
          ...state,
          sockets: { ...state.sockets, value: [...state.sockets.value, wildcard(protocol, port, stop.packet.family)] },
        }
      : state,
  );
  const { sockets } = ns?.net.state ?? {};
  const onPort = sockets?.known ? sockets.value.filter((x) => x.protocol === protocol && x.local.port === port) : [];
  const open = onPort.filter((x) => protocol === 'udp' || x.state === 'listen');
  const miss =
    ns && !cause.loopbackOnly ? nearMiss({ ns, params: { where, port, protocol }, packet: stop.packet }, open) : null;
  if (miss) {
    const { code, params, en, zh } = miss;
    return { code, params, remedy: { command: null, on: where, en, zh }, patch };
  }
  if (!cause.loopbackOnly)
    return {
      code: 'NV-NO-LISTENER',
      params: { where, port, protocol },
      remedy: {
        command: null,
        on: where,
        en: `Start the program that serves port ${port}, or correct the port (a Service's targetPort, perhaps).`,
        zh: `请启动提供端口 ${port} 的程序,或更正端口(可能是 Service 的 targetPort 写错)。`,
      },
      patch,
    };
  const [socket] = onPort;
  return {
    code: 'NV-LISTENER-LOOPBACK-ONLY',
    params: { where, port, protocol, address: socket ? formatIp(socket.local.address) : '127.0.0.1' },
    remedy: {
      command: null,
      on: where,
      en: 'Have the program listen on 0.0.0.0 (or ::), usually a setting or an argument such as --host or --bind.',
      zh: '让程序监听 0.0.0.0(或 ::),通常是一个配置项或参数,例如 --host 或 --bind。',
    },
    patch,
  };
}

/** Not mended by a command: the program is stuck, too slow, or asked for a short queue. */
export function queueFull(s: Situation<'queue-full'>): Derived {
  const { ns, cause, stop } = s;
  const where = nameOf(ns);
  const port = stop.packet.dport ?? 0;
  const { used, limit } = cause;
  if (cause.queue === 'accept-queue')
    return {
      code: 'NV-ACCEPT-QUEUE-FULL',
      params: { where, port, used, limit },
      remedy: {
        command: null,
        on: where,
        en: `See why the program on port ${port} does not accept connections (it may hang or be out of threads); a longer queue is the backlog of its listen() and net.core.somaxconn.`,
        zh: `请检查端口 ${port} 上的程序为何不接受连接(可能卡住或线程耗尽);更长的队列由 listen() 的 backlog 与 net.core.somaxconn 决定。`,
      },
      patch: emptied(ns, cause.socket),
    };
  return {
    code: 'NV-RECEIVE-BUFFER-FULL',
    params: { where, port, used, limit },
    remedy: {
      command: null,
      on: where,
      en: `See why the program on port ${port} does not read what it is sent; a bigger buffer is SO_RCVBUF, up to net.core.rmem_max.`,
      zh: `请检查端口 ${port} 上的程序为何不读取收到的数据;更大的缓冲区由 SO_RCVBUF 设置,上限为 net.core.rmem_max。`,
    },
    patch: emptied(ns, cause.socket),
  };
}

const emptied = (ns: Situation['ns'], full: Socket): Derived['patch'] =>
  change(ns, (state) =>
    state.sockets.known
      ? {
          ...state,
          sockets: {
            ...state.sockets,
            value: state.sockets.value.map((s) => (s === full ? { ...s, acceptQueue: null, receiveBuffer: null } : s)),
          },
        }
      : state,
  );

const wildcard = (protocol: 'tcp' | 'udp', port: number, family: 'ipv4' | 'ipv6'): Socket => ({
  protocol,
  family,
  local: { address: family === 'ipv4' ? (0 as Ipv4) : (0n as Ipv6), port },
  remote: null,
  state: protocol === 'tcp' ? 'listen' : 'unconnected',
  v6only: null,
  dev: null,
  acceptQueue: null,
  receiveBuffer: null,
  transparent: null,
  process: null,
  line: 0,
});
