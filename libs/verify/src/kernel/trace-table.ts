/**
 * The table that sets nf_trace before all other hooks, so that the kernel tells each rule that a packet meets, legacy ones too.
 * It is part of what is collected; the model's side leaves it out (model/world.ts), and the trace its rules. Its priority is before conntrack's defragmentation (-400): fragments carry the bit from the first one on.
 */
export const TRACE_TABLE = 'nvtrace';
const PRIORITY = -500;
/** A tunnel's packet in a tunnel's packet, and the headers of what that carries. */
const SNAPLEN = 256;

/** nft lines for a namespace whose own ones are these; `tunnels`: packets of one may pass. */
export function traceLines(nft: readonly string[], tunnels: boolean): readonly string[] {
  const text = nft.join('\n');
  // The prober tells a tunnel's packet by what it carries, which the trace does not show, and has to know before the trace begins.
  // VXLAN is known by its first four bytes: the port may have been translated.
  const first = tunnels
    ? [`meta l4proto udp @th,64,32 0x8000000 log prefix "nvtrace outer" group 0 snaplen ${SNAPLEN}`]
    : [];
  const lines = family('inet', first);
  if (/\btable\s+bridge\b|\badd\s+\w+\s+bridge\b/.test(text)) lines.push(...family('bridge', []));
  // Packets that a device's own hook drops never come to the others.
  const hooked = [...text.matchAll(/\bhook\s+(ingress|egress)\s+devices?\s*=?\s*(\{[^}]*\}|"?[^\s";{]+)/g)];
  const devices = hooked.flatMap(([, hook, names = '']) =>
    (names.match(/[\w.@-]+/g) ?? []).map((name) => `${hook} ${name}`),
  );
  if (devices.length > 0) lines.push(`add table netdev ${TRACE_TABLE}`);
  for (const key of new Set(devices)) {
    const [hook, device] = key.split(' ');
    lines.push(
      `add chain netdev ${TRACE_TABLE} ${hook}-${device} { type filter hook ${hook} device "${device}" priority ${PRIORITY}; }`,
      `add rule netdev ${TRACE_TABLE} ${hook}-${device} meta nftrace set 1`,
    );
  }
  return lines;
}

function family(name: 'inet' | 'bridge', first: readonly string[]): string[] {
  return [
    `add table ${name} ${TRACE_TABLE}`,
    ...(['prerouting', 'output'] as const).flatMap((hook) => [
      `add chain ${name} ${TRACE_TABLE} ${hook} { type filter hook ${hook} priority ${PRIORITY}; }`,
      ...[...first, 'meta nftrace set 1'].map((rule) => `add rule ${name} ${TRACE_TABLE} ${hook} ${rule}`),
    ]),
  ];
}
