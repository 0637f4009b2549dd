/** A map with a limit: the least recently used entries make room for new ones. */
export class BoundedMap<K, V> {
  #limit: number;
  #weigh: (value: V) => number;
  /** The least lately used first. */
  #entries = new Map<K, V>();
  #weight = 0;

  /**
   * @param limit what all values together may weigh; 0: nothing is kept
   * @param weigh what a value weighs, the same each time; without it each weighs 1
   */
  constructor(limit: number, weigh: (value: V) => number = () => 1) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** What all values together weigh. */
  get weight(): number {
    return this.#weight;
  }

  /** Whether there is an entry; does not count as a use of it. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** The value of a key, which is thereby used. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /**
   * Sets a value in place of the key's old one. One that alone weighs more than the limit is not kept, and moves no
   * other out.
   * @returns the values of other keys that made room
   */
  set(key: K, value: V): V[] {
    this.delete(key);
    const weight = this.#weigh(value);
    if (weight > this.#limit) return [];
    this.#entries.set(key, value);
    this.#weight += weight;
    const gone: V[] = [];
    for (const [oldest, old] of this.#entries) {
      if (this.#weight <= this.#limit) break;
      this.delete(oldest);
      gone.push(old);
    }
    return gone;
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#weight -= this.#weigh(value);
  }
}
