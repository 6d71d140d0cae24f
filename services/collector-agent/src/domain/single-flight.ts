/**
 * One reading at a time for all who ask. Who accepts state that is at most so old joins a reading under way or takes the
 * last one; who needs it newer shares the next reading with all others that wait for it.
 */
export interface Aged<T> {
  readonly value: T;
  /** performance.now() when the reading began. */
  readonly sinceMs: number;
}

export class SingleFlight<T> {
  readonly #read: () => Promise<T>;
  #last: Aged<T> | null = null;
  #running: { readonly sinceMs: number; readonly done: Promise<Aged<T>> } | null = null;
  #next: Promise<Aged<T>> | null = null;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  get(maxAgeMs: number): Promise<Aged<T>> {
    const oldest = performance.now() - maxAgeMs;
    if (this.#last !== null && this.#last.sinceMs >= oldest) return Promise.resolve(this.#last);
    const running = this.#running;
    if (running === null) return this.#start();
    if (running.sinceMs >= oldest) return running.done;
    this.#next ??= running.done.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    return this.#next;
  }

  get lastMs(): number | null {
    return this.#last?.sinceMs ?? null;
  }

  #startNext(): Promise<Aged<T>> {
    this.#next = null;
    return this.#running?.done ?? this.#start();
  }

  #start(): Promise<Aged<T>> {
    const sinceMs = performance.now();
    const done = this.#read().then((value) => {
      this.#last = { value, sinceMs };
      return this.#last;
    });
    this.#running = { sinceMs, done };
    const clear = (): void => {
      if (this.#running?.done === done) this.#running = null;
    };
    done.then(clear, clear);
    return done;
  }
}
