/** One event as one line: when, where, what, why, between whom. */
import type { EventDocument } from '@netverdict/sdk';
import type { Lang, Paint } from '@netverdict/verdict';
import { ANOMALY_WORDS } from './anomaly-words.ts';

export function eventLine(event: EventDocument, lang: Lang, paint: Paint): string {
  const { kind, count, oneIn, reason, hook, node, pod, windowEnd } = event;
  const time = new Date(windowEnd).toLocaleTimeString('en-GB', { hour12: false });
  const number = oneIn === undefined ? `${count}` : `≈${count * oneIn}`;
  const why = [reason, hook].filter((word) => word !== undefined).join(', ');
  const place = pod === null ? node : `${node} ${pod.namespace}/${pod.name}`;
  const words = `${number} ${ANOMALY_WORDS[kind][lang]}${why === '' ? '' : ` (${why})`}`;
  return `${paint.faint(time)}  ${paint.strong(words)}  ${place}${flowOf(event)}`;
}

const end = (address: string | undefined, port: number | undefined): string =>
  port === undefined ? (address ?? '*') : address?.includes(':') ? `[${address}]:${port}` : `${address ?? '*'}:${port}`;

function flowOf({ source, sourcePort, destination, destinationPort, peer }: EventDocument): string {
  if (source === undefined && destination === undefined) return peer === undefined ? '' : `  ${peer}`;
  const named = peer === undefined || !peer.includes('/') ? '' : ` (${peer})`;
  return `  ${end(source, sourcePort)} → ${end(destination, destinationPort)}${named}`;
}
