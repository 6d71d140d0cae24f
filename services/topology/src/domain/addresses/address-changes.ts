/** What of the address map has to be told: what is new, what has changed, what has ended. */
import type { AddressEntry } from '@netverdict/contracts';

/** A pod that is younger got its address as it was made; an older one waited, and may have an address that another had meanwhile. */
const YOUNG_MS = 10_000;

const placeOf = ({ address, kind, namespace, name }: AddressEntry): string =>
  [address, kind, namespace, name].join(' ');

interface Known {
  readonly entry: AddressEntry;
  told: boolean;
}

export class AddressChanges {
  readonly #known = new Map<string, Known>();
  #begun = false;

  /** @param entries all of now @returns those that have to be told; told again until `told` says so */
  take(entries: readonly AddressEntry[], nowMs: number): AddressEntry[] {
    const now = new Set<string>();
    for (const entry of entries) {
      const place = placeOf(entry);
      // Of a pod that ended and one of the same name that runs, the running one comes last and counts.
      now.add(place);
      const before = this.#known.get(place);
      const reborn = before !== undefined && before.entry.until !== null && entry.until === null;
      const since = before === undefined || reborn ? this.#since(entry, nowMs) : before.entry.since;
      const next = { ...entry, since };
      if (before === undefined || JSON.stringify(before.entry) !== JSON.stringify(next))
        this.#known.set(place, { entry: next, told: false });
    }
    for (const [place, known] of this.#known)
      if (!now.has(place)) {
        if (known.entry.until === null)
          this.#known.set(place, { entry: { ...known.entry, until: new Date(nowMs).toISOString() }, told: false });
        else if (known.told) this.#known.delete(place);
      }
    this.#begun = true;
    return [...this.#known.values()].flatMap(({ entry, told }) => (told ? [] : [entry]));
  }

  told(entries: readonly AddressEntry[]): void {
    for (const entry of entries) {
      const known = this.#known.get(placeOf(entry));
      if (known?.entry === entry) known.told = true;
    }
  }

  /** Everything once more: whoever keeps the map may have lost it. */
  again(): void {
    for (const known of this.#known.values()) known.told = false;
  }

  #since({ kind, since }: AddressEntry, nowMs: number): string {
    const waited = kind === 'pod' && this.#begun && nowMs - Date.parse(since) > YOUNG_MS;
    return waited ? new Date(nowMs).toISOString() : since;
  }
}
