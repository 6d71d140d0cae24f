/**
 * What the schema of a request cannot say: exactly one of several names, a port where the protocol has ports,
 * addresses that are addresses. Says what was wrong and what would be right, all of it at once.
 */
import type { Destination, DiagnosisRequest, InvalidField, Source } from '@netverdict/contracts';
import { parseIp } from '@netverdict/linux-net';

const SOURCE_KINDS = ['pod', 'workload', 'node', 'ip'] as const satisfies readonly (keyof Source)[];
const DESTINATION_KINDS = [
  'pod',
  'workload',
  'service',
  'node',
  'ip',
  'name',
] as const satisfies readonly (keyof Destination)[];

function exactlyOne(pointer: string, end: object, kinds: readonly string[]): InvalidField[] {
  const given = kinds.filter((kind) => kind in end);
  if (given.length === 1) return [];
  const expected = `exactly one of ${kinds.join(', ')}`;
  return [
    given.length === 0
      ? { pointer, detail: 'names nothing', expected }
      : { pointer, detail: `names ${given.length} things: ${given.join(', ')}`, expected },
  ];
}

function address(pointer: string, ip: string | undefined): InvalidField[] {
  if (ip === undefined || parseIp(ip).ok) return [];
  return [{ pointer, detail: `"${ip}" is not an IP address`, expected: 'an address such as 10.244.1.7 or fd00::7' }];
}

/** Kubernetes' names (RFC 1123 labels and subdomains), after the kind. */
const WORKLOAD = /^[a-z]+\/[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
/** Letters, digits, dashes, underscores and dots: what a resolver would be asked. */
const DNS_NAME = /^[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_])?\.?$/;

function pattern(pointer: string, text: string | undefined, form: RegExp, expected: string): InvalidField[] {
  if (text === undefined || form.test(text)) return [];
  return [{ pointer, detail: `is ${JSON.stringify(text)}`, expected }];
}

function port(request: DiagnosisRequest): InvalidField[] {
  const { destination } = request;
  const pointer = '/destination/port';
  const protocol = request.protocol ?? 'tcp';
  if (protocol === 'icmp')
    return destination.port === undefined
      ? []
      : [{ pointer, detail: 'icmp has no ports', expected: 'no port, or protocol tcp or udp' }];
  if (destination.port === undefined)
    return [
      {
        pointer,
        detail: 'is missing',
        expected: `a port for ${protocol}: 1…65535, or the name of a port (icmp has none)`,
      },
    ];
  const unnamed = destination.node !== undefined ? 'node' : destination.ip !== undefined ? 'address' : null;
  if (typeof destination.port === 'string' && unnamed)
    return [{ pointer, detail: `the ports of a ${unnamed} have no names`, expected: 'a number, 1…65535' }];
  return [];
}

/** @param request valid by its schema. Empty: all is well. */
export function checkRequest(request: DiagnosisRequest): InvalidField[] {
  return [
    ...exactlyOne('/source', request.source, SOURCE_KINDS),
    ...exactlyOne('/destination', request.destination, DESTINATION_KINDS),
    ...pattern(
      '/source/workload',
      request.source.workload,
      WORKLOAD,
      'kind/namespace/name, such as "deployment/shop/cart"',
    ),
    ...pattern(
      '/destination/workload',
      request.destination.workload,
      WORKLOAD,
      'kind/namespace/name, such as "deployment/shop/payments"',
    ),
    ...pattern(
      '/destination/name',
      request.destination.name,
      DNS_NAME,
      'a DNS name, such as "payments.shop.svc.cluster.local"',
    ),
    ...address('/source/ip', request.source.ip),
    ...address('/destination/ip', request.destination.ip),
    ...port(request),
  ];
}

/** The one name of an end, for lists and filters: `shop/cart-6f9`, `node-1`, `10.0.0.1`. */
export const nameOf = (end: Source | Destination): string =>
  ('service' in end ? end.service : undefined) ??
  ('name' in end ? end.name : undefined) ??
  end.pod ??
  end.workload ??
  end.node ??
  end.ip ??
  '';
