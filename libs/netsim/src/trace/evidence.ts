/** Raw lines to cite: from a parsed part of a namespace, or from the cluster's objects. */
import type { Known, LineRef, Link, SectionKind } from '@netverdict/linux-net';
import type { Evidence } from '@netverdict/verdict';
import { sysctlText } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

export function cite(part: Known<unknown>, kind: SectionKind, ref: LineRef): Evidence {
  const section = part.known ? part.section : null;
  return { section: section?.digest ?? null, kind, line: ref.line, text: ref.text, at: section?.at ?? null };
}

export function citeLink(ns: WorldNamespace, link: Link): Evidence {
  const { links } = ns.net.state;
  const section = links.known ? links.section : null;
  const state = `${link.up ? 'UP' : 'DOWN'}${link.up && !link.carrier ? ',NO-CARRIER' : ''}`;
  return {
    section: section?.digest ?? null,
    kind: 'ip-link',
    line: null,
    text: `${link.ifindex}: ${link.name} <${state}> mtu ${link.mtuBytes} state ${link.operstate.toUpperCase()}`,
    at: section?.at ?? null,
  };
}

/** `value`: what the kernel is taken to have. Of a path that the section lacks no line is quoted. */
export function citeSysctl(ns: WorldNamespace, path: string, value: string): Evidence {
  const { sysctls } = ns.net.state;
  const section = sysctls.known ? sysctls.section : null;
  return {
    section: section?.digest ?? null,
    kind: 'sysctl',
    line: null,
    text:
      sysctls.known && sysctlText(sysctls.value, path) === undefined
        ? `${path}: not in the section`
        : `${path} = ${value}`,
    at: section?.at ?? null,
  };
}

/** A section as a whole: that it holds no such line is what is cited. */
export function citeAbsence(part: Known<unknown>, kind: SectionKind, text: string): Evidence {
  const section = part.known ? part.section : null;
  return { section: section?.digest ?? null, kind, line: null, text, at: section?.at ?? null };
}
