/** Reading facts of a namespace that may not be known. */
import type { Known, Link, SectionKind } from '@netverdict/linux-net';
import type { Missing } from '../walk/choices.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from './world.ts';

export function missingSection(ns: WorldNamespace, part: Known<unknown>, kind: SectionKind): Missing {
  const reason = part.known ? '' : part.reason;
  const line = part.known ? null : part.line;
  return {
    kind: 'section',
    place: ns.key,
    node: ns.node,
    text: `${kind} of ${ns.key} is not known (${reason})`,
    zh: `未知 ${ns.key} 的 ${kind}(${reason})`,
    evidence: [{ section: null, kind, line, text: reason }],
  };
}

/** A number of /proc/sys; null when the kernel has no such file; undefined when the sysctls were not read. */
export function sysctl(ns: WorldNamespace, path: string): number | null | undefined {
  const { sysctls } = ns.net.state;
  if (!sysctls.known) return undefined;
  const text = sysctls.value.get(path) ?? sysctls.value.get(path.replaceAll('/', '.'));
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
  const all = sysctl(ns, `net/ipv4/conf/all/${name}`);
  const own = sysctl(ns, `net/ipv4/conf/${link.name}/${name}`);
  if (all === undefined || own === undefined) return undefined;
  return Math.max(all ?? fallback, own ?? fallback);
}
