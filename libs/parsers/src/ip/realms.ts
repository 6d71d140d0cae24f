/** Realms of a route, a next hop or a policy rule: `"flow": {"from": "7", "to": "5"}`, or flow_from and flow_to of a rule. */
import { type Fields, optionalFields, optionalText } from '../json/fields.ts';

export function realmsOf(fields: Fields): { readonly realms?: number | null } {
  const flow = optionalFields(fields, 'flow');
  const from = flow ? optionalText(flow, 'from') : optionalText(fields, 'flow_from');
  const to = flow ? optionalText(flow, 'to') : optionalText(fields, 'flow_to');
  if (from === null && to === null) return {};
  const [upper, lower] = [realmNumber(from ?? '0'), realmNumber(to ?? '0')];
  return { realms: upper === null || lower === null ? null : ((upper << 16) | lower) >>> 0 };
}

/** iproute2 names one realm everywhere (rt_realms). Other names have no number here. */
export function realmNumber(name: string): number | null {
  if (name === 'cosmos') return 0;
  return /^(0x[0-9a-f]+|\d+)$/i.test(name) ? Number(name) & 0xffff : null;
}
