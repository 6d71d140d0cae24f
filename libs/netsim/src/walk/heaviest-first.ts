/** A queue that gives the heaviest first, and of equals the one that came first: a binary heap. */
export class HeaviestFirst<T extends { readonly weight: number }> {
  readonly #heap: { readonly item: T; readonly order: number }[] = [];
  #order = 0;

  push(item: T): void {
    const entry = { item, order: this.#order++ };
    let at = this.#heap.push(entry) - 1;
    while (at > 0 && this.#before(at, (at - 1) >> 1)) {
      this.#swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  take(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first?.item;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let heaviest = at;
      if (left < this.#heap.length && this.#before(left, heaviest)) heaviest = left;
      if (right < this.#heap.length && this.#before(right, heaviest)) heaviest = right;
      if (heaviest === at) return first.item;
      this.#swap(at, heaviest);
      at = heaviest;
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return false;
    return x.item.weight === y.item.weight ? x.order < y.order : x.item.weight > y.item.weight;
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (!x || !y) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}
