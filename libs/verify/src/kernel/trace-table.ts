/**
 * The table that sets nf_trace before all other hooks, so that the kernel tells each rule that a packet meets, legacy ones too.
 * It is part of what is collected; the model's side leaves it out (model/world.ts), and the trace its rules. Its priority is before conntrack's defragmentation (-400): fragments carry the bit from the first one on.
 */
export const TRACE_TABLE = 'nvtrace';
const PRIORITY = -500;

/** nft lines for a namespace whose own ones are these; `tunnels`: it has an end of one. */
export function traceLines(nft: readonly string[], tunnels: boolean): readonly string[] {
  const text = nft.join('\n');
  const lines = family('inet');
  // The prober tells a tunnel's packet by what it carries, which the trace alone does not show.
  if (tunnels)
    for (const hook of ['prerouting', 'output'])
      lines.push(
        `add rule inet ${TRACE_TABLE} ${hook} udp dport { 4789, 8472 } log prefix "nvtrace outer" group 0 snaplen 160`,
      );
  if (/\btable\s+bridge\b|\badd\s+\w+\s+bridge\b/.test(text)) lines.push(...family('bridge'));
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

function family(name: 'inet' | 'bridge'): string[] {
  return [
    `add table ${name} ${TRACE_TABLE}`,
    ...(['prerouting', 'output'] as const).flatMap((hook) => [
      `add chain ${name} ${TRACE_TABLE} ${hook} { type filter hook ${hook} priority ${PRIORITY}; }`,
      `add rule ${name} ${TRACE_TABLE} ${hook} meta nftrace set 1`,
    ]),
  ];
}
