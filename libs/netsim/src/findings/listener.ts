/** A socket that has the port and does not take the packet: what keeps it from it. */
import { familyOf, formatIp, type IpAddress, type Socket } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { ifName, type WorldNamespace } from '../world/world.ts';
import type { Derived } from './finding.ts';

type NearMiss = Pick<Derived, 'code' | 'params'> & { readonly en: string; readonly zh: string };

interface At {
  readonly ns: WorldNamespace;
  readonly params: Derived['params'];
  readonly packet: Packet;
}

/** Of several the one that is nearest: right but for its device, its peer, its address, its family. */
export function nearMiss(at: At, sockets: readonly Socket[]): NearMiss | null {
  for (const miss of [otherDevice, otherPeer, otherAddress, otherFamily])
    for (const socket of sockets) {
      const found = miss(at, socket);
      if (found) return found;
    }
  return null;
}

const isMapped = (address: IpAddress): boolean => typeof address === 'bigint' && address >> 32n === 0xffffn;
const plain = (address: IpAddress): IpAddress =>
  isMapped(address) ? (Number(BigInt(address) & 0xffffffffn) as IpAddress) : address;

const isAny = (address: IpAddress): boolean => address === 0 || address === 0n;

/** May it be spoken to in this family at all? */
const speaks = ({ family, v6only, local }: Socket, packet: Packet): boolean =>
  family === packet.family
    ? !(isMapped(local.address) && packet.family === 'ipv6')
    : family === 'ipv6' && v6only !== true && (isAny(local.address) || isMapped(local.address));

const hasAddress = ({ local }: Socket, packet: Packet): boolean =>
  isAny(local.address) || plain(local.address) === packet.destination;

function otherDevice({ ns, params, packet }: At, socket: Socket): NearMiss | null {
  if (!socket.dev || !speaks(socket, packet) || !hasAddress(socket, packet)) return null;
  const dev = ifName(ns, socket.dev as never);
  return {
    code: 'NV-LISTENER-OTHER-DEVICE',
    params: { ...params, dev },
    en: `Have the program listen without SO_BINDTODEVICE, or on the device that the packets come in by; it is bound to ${dev}.`,
    zh: `让程序不使用 SO_BINDTODEVICE,或绑定到数据包进入的设备;目前绑定在 ${dev}。`,
  };
}

function otherPeer({ params, packet }: At, socket: Socket): NearMiss | null {
  if (!socket.remote || socket.protocol === 'tcp' || !speaks(socket, packet) || !hasAddress(socket, packet))
    return null;
  const peer = `${formatIp(plain(socket.remote.address))}:${socket.remote.port}`;
  return {
    code: 'NV-LISTENER-OTHER-PEER',
    params: { ...params, peer },
    en: 'A socket that is connected hears its peer alone: have the program open one that is not (no connect()) for all others.',
    zh: '已连接的套接字只接收其对端的数据:让程序另开一个未调用 connect() 的套接字来服务其他来源。',
  };
}

function otherAddress({ params, packet }: At, socket: Socket): NearMiss | null {
  if (socket.dev || socket.remote || familyOf(plain(socket.local.address)) !== packet.family) return null;
  if (hasAddress(socket, packet)) return null;
  return {
    code: 'NV-LISTENER-OTHER-ADDRESS',
    params: {
      ...params,
      address: formatIp(plain(socket.local.address)),
      asked: formatIp(packet.destination),
    },
    en: 'Have the program listen on 0.0.0.0 (or ::), or send to the address that it listens on.',
    zh: '让程序监听 0.0.0.0(或 ::),或者向它监听的地址发送。',
  };
}

function otherFamily({ params, packet }: At, socket: Socket): NearMiss | null {
  if (socket.dev || socket.remote || speaks(socket, packet)) return null;
  const [asked, has] = packet.family === 'ipv4' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
  return {
    code: 'NV-LISTENER-OTHER-FAMILY',
    params: { ...params, asked, has },
    en: `Have the program listen on ${asked} too: on :: without IPV6_V6ONLY it gets both (some runtimes set that option by default).`,
    zh: `让程序同时监听 ${asked}:监听 :: 且不设置 IPV6_V6ONLY 时两者都能接收(有些运行时默认设置该选项)。`,
  };
}
