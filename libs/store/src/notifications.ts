/**
 * LISTEN on a connection of its own, re-made for ever when it breaks. What was told while it was down is lost, so
 * `onReconnect` says: look for yourself.
 */
import { Client, type ClientConfig } from 'pg';

/** Changes of diagnoses. Payload: `<id> <rank>`. */
export const NOTIFY_CHANNEL = 'netverdict_diagnosis';
/** Events or incidents have arrived. Payload: the table. Sent by triggers (migration 0005). */
export const ARRIVAL_CHANNEL = 'netverdict_arrival';

/** Deliveries of webhooks have been recorded (migration 0012). */
export const WEBHOOK_CHANNEL = 'netverdict_webhooks';

/** Room for background diagnoses, or a batch changed: its id, or a schedule's (migrations 0015, 0016). */
export const BACKGROUND_CHANNEL = 'netverdict_background';

export interface NotificationHandlers {
  readonly onNotification: (payload: string) => void;
  /** The connection is up (again): anything may have changed since. */
  readonly onReconnect: () => void;
  readonly onLost: (error: Error) => void;
}

export interface Notifications {
  readonly connected: () => boolean;
  close(): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;

export function listen(config: ClientConfig, channel: string, handlers: NotificationHandlers): Notifications {
  let client: Client | null = null;
  let connected = false;
  let closed = false;
  let delayMs = FIRST_DELAY_MS;
  let timer: NodeJS.Timeout | null = null;

  const retry = (error: Error): void => {
    if (closed || timer) return;
    connected = false;
    handlers.onLost(error);
    timer = setTimeout(() => {
      timer = null;
      void connect();
    }, delayMs);
    delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
  };

  const connect = async (): Promise<void> => {
    const mine = new Client({ ...config, keepAlive: true });
    client = mine;
    const lost = (error: Error): void => {
      if (client !== mine) return;
      client = null;
      mine.end().catch(() => undefined);
      retry(error);
    };
    mine.on('error', lost);
    mine.on('end', () => lost(new Error('the connection ended')));
    mine.on('notification', (message) => handlers.onNotification(message.payload ?? ''));
    try {
      await mine.connect();
      await mine.query(`listen ${mine.escapeIdentifier(channel)}`);
      if (closed) return void (await mine.end());
      connected = true;
      delayMs = FIRST_DELAY_MS;
      handlers.onReconnect();
    } catch (error) {
      lost(error instanceof Error ? error : new Error(String(error)));
    }
  };

  void connect();
  return {
    connected: () => connected,
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      const last = client;
      client = null;
      await last?.end().catch(() => undefined);
    },
  };
}
