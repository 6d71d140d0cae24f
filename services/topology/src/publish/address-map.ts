/** Tells eventproc who has which address: what changes within a moment, everything now and then. */
import type { AddressEntry, AddressMap } from '@netverdict/contracts';
import type { ClusterView } from '@netverdict/kube';
import { AddressChanges } from '../domain/addresses/address-changes.ts';
import { addressEntries } from '../domain/addresses/address-entries.ts';

const SOON_MS = 200;
const RETRY_MS = 2000;
const AGAIN_MS = 10 * 60_000;
const AT_ONCE = 1000;

export function publishAddressMap(options: {
  readonly view: Pick<ClusterView, 'ready' | 'objects' | 'onChange'>;
  readonly publish: (body: AddressMap) => Promise<unknown>;
  readonly log: { warn(fields: object, message: string): void };
}): { stop(): Promise<void> } {
  const { view, publish, log } = options;
  const changes = new AddressChanges();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let telling: Promise<void> | null = null;

  async function tell(): Promise<void> {
    const entries = changes.take(addressEntries(view.objects()), Date.now());
    for (let at = 0; at < entries.length && !stopped; at += AT_ONCE) {
      const some: AddressEntry[] = entries.slice(at, at + AT_ONCE);
      await publish({ entries: some });
      changes.told(some);
    }
  }

  function soon(ms: number): void {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      telling = (telling ?? Promise.resolve()).then(tell).catch((err: unknown) => {
        log.warn({ err }, 'the address map could not be told, trying again');
        soon(RETRY_MS);
      });
    }, ms);
  }

  let unsubscribe = (): void => {};
  view.ready().then(
    () => {
      if (stopped) return;
      unsubscribe = view.onChange(() => soon(SOON_MS));
      soon(0);
    },
    () => {}, // it ends before the cluster was listed, and whoever waits for it has said so
  );
  const repeat = setInterval(() => {
    changes.again();
    soon(0);
  }, AGAIN_MS);
  repeat.unref();
  return {
    async stop() {
      stopped = true;
      unsubscribe();
      clearInterval(repeat);
      clearTimeout(timer);
      await telling;
    },
  };
}
