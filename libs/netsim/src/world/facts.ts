/** Reading facts of a namespace that may not be known. */
import type { Known, Link, SectionKind } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Missing } from '../walk/choices.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from './world.ts';

export function missingSection(ns: WorldNamespace, part: Known<unknown>, kind: SectionKind): Missing {
  const reason = part.known ? '' : part.reason;
  const line = part.known ? null : part.line;
  const said = line === null ? reason : `line ${line}: ${reason}`;
  return {
    kind: 'section',
    place: ns.key,
    node: ns.node,
    text: `${kind} of ${ns.key} is not known (${said})`,
    zh: `未知 ${ns.key} 的 ${kind}(${said})`,
    evidence: [{ section: null, kind, line, text: reason }],
  };
}

/** A switch that the kernel must have, and the section that was read has not. */
export function missingSysctl(ns: WorldNamespace, path: string): Missing {
  const { sysctls } = ns.net.state;
  const section = sysctls.known ? (sysctls.section?.digest ?? null) : null;
  return {
    kind: 'sysctl',
    place: ns.key,
    node: ns.node,
    text: `${path} of ${ns.key} is not in the section that was read`,
    zh: `已读取的 ${ns.key} 的 sysctl 中没有 ${path}`,
    evidence: [{ section, kind: 'sysctl', line: null, text: `${path}: not in the section` }],
  };
}

/** A number of /proc/sys; null when the kernel has no such file; undefined when the sysctls were not read. */
export function sysctl(ns: WorldNamespace, path: string): number | null | undefined {
  const { sysctls } = ns.net.state;
  if (!sysctls.known) return undefined;
  let numbers = read.get(sysctls.value);
  if (!numbers) {
    numbers = new Map();
    read.set(sysctls.value, numbers);
  }
  let value = numbers.get(path);
  if (value === undefined) {
    value = numberAt(sysctls.value, path);
    numbers.set(path, value);
  }
  return value;
}

/** What was asked before: a packet asks some dozen switches at every device. */
const read = new WeakMap<ReadonlyMap<string, string>, Map<string, number | null>>();

/** A switch of one device, or of `all`: asked so often that putting its path together each time would cost more than all else. */
export function confOf(
  ns: WorldNamespace,
  family: 'ipv4' | 'ipv6',
  device: string,
  name: string,
): number | null | undefined {
  const { state, switches } = ns.net;
  const { sysctls } = state;
  if (!sysctls.known) return undefined;
  let devices = switches[family].get(name);
  if (!devices) {
    devices = new Map();
    switches[family].set(name, devices);
  }
  let value = devices.get(device);
  if (value === undefined) {
    value = numberAt(sysctls.value, `net/${family}/conf/${device}/${name}`);
    devices.set(device, value);
  }
  return value;
}

export const sysctlText = (sysctls: ReadonlyMap<string, string>, path: string): string | undefined =>
  sysctls.get(path) ?? sysctls.get(path.replaceAll('/', '.'));

function numberAt(sysctls: ReadonlyMap<string, string>, path: string): number | null {
  const text = sysctlText(sysctls, path);
  if (text === undefined) return null;
  const value = Number(text.trim().split(/\s+/)[0]);
  return Number.isNaN(value) ? null : value;
}

/** A switch that decides the packet's fate: when it was not read, both settings are followed. */
export function sysctlOn(walk: Walk, ns: WorldNamespace, path: string, fallback: boolean): boolean {
  const value = sysctl(ns, path);
  if (value === undefined)
    return walk.ask(ns, `${path} is on`, missingSection(ns, ns.net.state.sysctls, 'sysctl'), `${ns.key} ${path}`);
  return value === null ? fallback : value !== 0;
}

/** The larger of conf/all and conf/DEV, as IN_DEV_MAXCONF; undefined when not read. */
export function maxConf(ns: WorldNamespace, link: Link, name: string, fallback = 0): number | undefined {
  const all = confOf(ns, 'ipv4', 'all', name);
  const own = confOf(ns, 'ipv4', link.name, name);
  if (all === undefined || own === undefined) return undefined;
  return Math.max(all ?? fallback, own ?? fallback);
}

export interface Unread {
  readonly ns: WorldNamespace;
  readonly part: Known<unknown>;
  readonly kind: SectionKind;
}

/** Its devices and addresses: without them nothing can be told of a packet in the namespace, nor of who answers there. */
export function unreadHost(ns: WorldNamespace): Unread | null {
  const { links, addresses } = ns.net.state;
  if (!links.known) return { ns, part: links, kind: 'ip-link' };
  return addresses.known ? null : { ns, part: addresses, kind: 'ip-address' };
}

export const unreadSysctls = (ns: WorldNamespace): Unread | null =>
  ns.net.state.sysctls.known ? null : { ns, part: ns.net.state.sysctls, kind: 'sysctl' };

/** The packet's way ends at what was not read: nothing is taken from a section that is not known. */
export const stopUnread = (walk: Walk, at: WorldNamespace, packet: Packet, unread: Unread): Next =>
  walk.unknown(at, packet, missingSection(unread.ns, unread.part, unread.kind));
