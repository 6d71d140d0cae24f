/** The two ends as a person types them, to the shapes of the REST API. */
import type { Destination, Source } from '@netverdict/contracts';
import { err, ok, parseIp, type Result } from '@netverdict/linux-net';

const WORKLOADS: Readonly<Record<string, string>> = {
  deploy: 'deployment',
  deployment: 'deployment',
  deployments: 'deployment',
  sts: 'statefulset',
  statefulset: 'statefulset',
  ds: 'daemonset',
  daemonset: 'daemonset',
  rs: 'replicaset',
  replicaset: 'replicaset',
  job: 'job',
};
const FORMS_FROM = 'shop/cart-6f9, pod/shop/cart-6f9, deploy/shop/cart, node/node-1 or an IP address';
const FORMS_TO =
  'svc/shop/payments:80, shop/cart-6f9:8080, deploy/shop/cart:8080, node/node-1:30080, 10.0.0.1:80, [fd00::1]:80 or payments.shop:80';

type Named =
  | { readonly pod: string }
  | { readonly workload: string }
  | { readonly service: string }
  | { readonly node: string }
  | { readonly ip: string };

/** `svc/web`, as kubectl takes it with a current namespace, which we do not have. */
function lacksNamespace(text: string): string | null {
  const [kind = '', name = '', ...more] = text.split('/');
  const kinds = ['pod', 'po', 'svc', 'service', ...Object.keys(WORKLOADS)];
  return more.length === 0 && name !== '' && kinds.includes(kind) ? `${kind}/default/${name}` : null;
}

function parseNamed(text: string): Named | null {
  if (parseIp(text).ok) return { ip: text };
  const parts = text.split('/');
  if (parts.some((part) => part === '')) return null;
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 2) return first === 'node' || first === 'no' ? { node: second } : { pod: `${first}/${second}` };
  if (parts.length !== 3) return null;
  if (first === 'pod' || first === 'po') return { pod: `${second}/${third}` };
  if (first === 'svc' || first === 'service') return { service: `${second}/${third}` };
  const workload = WORKLOADS[first];
  return workload === undefined ? null : { workload: `${workload}/${second}/${third}` };
}

export function parseSource(text: string): Result<Source, string> {
  const full = lacksNamespace(text);
  if (full !== null) return err(`--from "${text}" lacks the namespace: write ${full}, for instance.`);
  const named = parseNamed(text);
  if (!named) return err(`--from "${text}" is not understood. Write ${FORMS_FROM}.`);
  if ('service' in named)
    return err(
      `--from "${text}" is a Service, which sends nothing by itself. Name a pod, a workload, a node or an address.`,
    );
  return ok(named);
}

/** Splits off `:port`; an IPv6 address with a port is written in brackets. */
function splitPort(text: string): { readonly host: string; readonly port: string | null } {
  const bracketed = /^\[([^\]]+)\](?::([^:]+))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] as string, port: bracketed[2] ?? null };
  const colons = text.split(':').length - 1;
  if (colons !== 1) return { host: text, port: null };
  const [host = '', port = ''] = text.split(':');
  return { host, port };
}

/** @param protocol a port is needed unless it is icmp. */
export function parseDestination(text: string, protocol: 'tcp' | 'udp' | 'icmp'): Result<Destination, string> {
  const { host, port: portText } = splitPort(text);
  const full = lacksNamespace(host);
  if (full !== null)
    return err(
      `--to "${text}" lacks the namespace: write ${full}${portText === null ? '' : `:${portText}`}, for instance.`,
    );
  let named: Omit<Destination, 'port'> | null = parseNamed(host);
  if (!named && /^[\d.]+$/.test(host))
    return err(`--to "${text}": ${host} is no address. An IPv4 address has four numbers from 0 to 255.`);
  if (!named && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(host)) named = { name: host };
  if (!named) return err(`--to "${text}" is not understood. Write ${FORMS_TO}.`);
  if (portText === null)
    return protocol === 'icmp'
      ? ok(named)
      : err(`--to "${text}" has no port: write ${text}:80, or --protocol icmp for a ping.`);
  if (protocol === 'icmp') return err(`--to "${text}" has a port, and ICMP has none.`);
  if (!/^\d+$/.test(portText)) return ok({ ...named, port: portText });
  const port = Number(portText);
  if (port < 1 || port > 65535) return err(`--to "${text}": port ${portText} is not between 1 and 65535.`);
  return ok({ ...named, port });
}
