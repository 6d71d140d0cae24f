/** Findings at the destination's socket. */
import { formatIp, type Ipv4, type Ipv6, type Socket } from '@netverdict/linux-net';
import { change, type Derived, nameOf, type Situation } from './finding.ts';

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
  const { sockets } = ns?.net.state ?? {};
  const socket = sockets?.known
    ? sockets.value.find((x) => x.protocol === protocol && x.local.port === port)
    : undefined;
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
