/** Registering, changing, trying and removing webhooks, and redelivering what died. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryDocument, WebhookChange, WebhookDocument, WebhookRequested } from '@netverdict/contracts';
import { PING_EVENT } from '@netverdict/contracts';
import type { DeliveryRow, Store, WebhookRow } from '@netverdict/store';
import { v7 as uuidv7 } from 'uuid';
import { invalidRequest, ProblemError } from '../../http/problems.ts';
import type { Deliver } from '../../publish/webhook.ts';
import { webhookDocument, withLog } from './documents.ts';
import { newSecret, type Sealing, written } from './secrets.ts';

export const WEBHOOK_ID = /^wh_[0-9a-f-]{36}$/;
const DELIVERY_ID = /^msg_[0-9a-f-]{36}$/;
const LOG_SHOWN = 50;
const PING_WAIT_MS = 20_000;
const PING_LOOK_MS = 50;

export interface Webhooks {
  /** With its secret, which nobody is shown again. @throws ProblemError */
  create(asked: WebhookRequested, tokenId: string): Promise<WebhookDocument>;
  get(id: string): Promise<WebhookDocument>;
  change(id: string, change: WebhookChange): Promise<WebhookDocument>;
  /** With its new secret. */
  rotate(id: string, overlapMs: number): Promise<WebhookDocument>;
  remove(id: string): Promise<void>;
  /** One attempt, now. */
  ping(id: string): Promise<DeliveryDocument>;
  /** Its dead letters. Resolves with how many go out again. */
  redeliverFailed(id: string, since: Date): Promise<number>;
  delivery(id: string): Promise<DeliveryDocument>;
  redeliver(id: string): Promise<DeliveryDocument>;
}

const unknown = (what: string, id: string): ProblemError =>
  new ProblemError({
    type: `unknown-${what}`,
    status: 404,
    title: `No such ${what}`,
    detail: `There is no ${what} ${id}.`,
  });

export function createWebhooks(
  store: Pick<Store, 'webhooks' | 'deliveries'>,
  {
    sealing,
    callbackRefusal,
    deliver,
  }: {
    readonly sealing: Sealing;
    readonly callbackRefusal: (url: string) => string | null;
    readonly deliver: Deliver;
  },
): Webhooks {
  const checkUrl = (url: string): void => {
    const refusal = callbackRefusal(url);
    if (refusal !== null)
      throw invalidRequest([{ pointer: '/url', detail: refusal, expected: 'an https URL that this server may call' }]);
  };
  const rowOf = async (id: string): Promise<WebhookRow> => {
    const row = WEBHOOK_ID.test(id) ? await store.webhooks.get(id) : null;
    if (row === null) throw unknown('webhook', id);
    return row;
  };
  const deliveryOf = async (id: string): Promise<DeliveryRow> => {
    const row = DELIVERY_ID.test(id) ? await store.deliveries.get(id) : null;
    if (row === null) throw unknown('delivery', id);
    return row;
  };
  const shown = async (id: string): Promise<DeliveryDocument> =>
    withLog(await deliveryOf(id), await store.deliveries.attempts(id, LOG_SHOWN));

  return {
    async create({ url, eventTypes, filter = {}, description = '', concurrency = 4 }, tokenId) {
      checkUrl(url);
      const id = `wh_${uuidv7()}`;
      const secret = newSecret();
      const sealed = sealing.seal(secret, id);
      await store.webhooks.add({ id, url, eventTypes, filter, description, concurrency, secret: sealed, tokenId });
      return { ...webhookDocument(await rowOf(id)), secret: written(secret) };
    },
    get: async (id) => webhookDocument(await rowOf(id)),
    async change(id, change) {
      if (change.url !== undefined) checkUrl(change.url);
      await rowOf(id);
      await store.webhooks.change(id, change);
      return webhookDocument(await rowOf(id));
    },
    async rotate(id, overlapMs) {
      await rowOf(id);
      const secret = newSecret();
      await store.webhooks.rotate(id, sealing.seal(secret, id), overlapMs);
      return { ...webhookDocument(await rowOf(id)), secret: written(secret) };
    },
    async remove(id) {
      await rowOf(id);
      await store.webhooks.remove(id);
    },
    async ping(id) {
      const { url, open_until: openUntil } = await rowOf(id);
      const delivery = `msg_${uuidv7()}`;
      await store.deliveries.add({ id: delivery, webhookId: id, eventType: PING_EVENT, url, data: { webhook: id } });
      if (openUntil === null || openUntil.getTime() <= Date.now()) {
        await deliver(delivery, 0);
        // A worker may have taken it before us, or those under way leave no room.
        for (const end = performance.now() + PING_WAIT_MS; performance.now() < end; await pause(PING_LOOK_MS))
          if ((await deliveryOf(delivery)).state !== 'pending') break;
      }
      return shown(delivery);
    },
    async redeliverFailed(id, since) {
      await rowOf(id);
      return store.deliveries.redeliverFailed(id, since);
    },
    delivery: shown,
    async redeliver(id) {
      await deliveryOf(id);
      if (!(await store.deliveries.redeliver(id)))
        throw new ProblemError({
          type: 'still-pending',
          status: 409,
          title: 'It is on its way already',
          detail: `Delivery ${id} has not ended: its next attempt comes by itself.`,
        });
      return shown(id);
    },
  };
}
