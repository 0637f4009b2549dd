/** Keys of blobs met lately; of more than `limit` those that came first are forgotten. */
export class RecentKeys {
  #keys = new Set<string>();
  #limit: number;

  constructor(limit = 100_000) {
    this.#limit = limit;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    if (this.#keys.has(key)) return;
    // Set keeps the order of insertion: the key added first goes first.
    if (this.#keys.size >= this.#limit) this.#keys.delete(this.#keys.values().next().value!);
    this.#keys.add(key);
  }
}
