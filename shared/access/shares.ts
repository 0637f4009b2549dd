/** Places that callers take for a while, and of which nobody can take the last ones. */
import { BlockragError } from '../errors.ts';

/** Who takes a place. */
export interface Holder {
  tenant: string;
  /** Id of the API key, where one was given. */
  key: string | null;
}

/** Of what is free, a tenant may hold so many times as much, and a key in it. */
const TENANT_SHARE = 2;
const KEY_SHARE = 1;

/**
 * A number of places. What one may hold shrinks with what is free (the dynamic thresholds of Choudhury and Hahne): a
 * key alone can take half of all, the keys of one tenant two thirds, and whoever holds nothing finds a place as long as
 * there is any. So a caller that takes all it can leaves room for the others, and they again for others.
 */
export class Shares {
  readonly #places: number;
  readonly #what: string;
  #taken = 0;
  #held = new Map<string, number>();

  /** @param what what the places are of, in the plural, for the errors */
  constructor(places: number, what: string) {
    this.#places = places;
    this.#what = what;
  }

  /**
   * Takes a place; without a holder any that is free.
   * @returns what gives it back, once
   * @throws BlockragError `overloaded` when none is free, `rate_limited` when the holder has its share
   */
  take(holder?: Holder): () => void {
    const free = this.#places - this.#taken;
    if (free <= 0) {
      throw new BlockragError(
        'overloaded',
        `${this.#places} ${this.#what} are being worked on: try again soon.`,
      );
    }
    const names = holder === undefined ? [] : namesOf(holder);
    for (const { name, share } of names) {
      const held = this.#held.get(name) ?? 0;
      if (held < share * free) continue;
      const message = `${held} ${this.#what} of yours are being worked on, and the rest is kept for others: try again when one has ended.`;
      throw new BlockragError('rate_limited', message, { data: { limit: held } });
    }
    this.#add(names, 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#add(names, -1);
    };
  }

  #add(names: readonly { name: string }[], more: 1 | -1): void {
    this.#taken += more;
    for (const { name } of names) {
      const held = (this.#held.get(name) ?? 0) + more;
      if (held === 0) this.#held.delete(name);
      else this.#held.set(name, held);
    }
  }
}

function namesOf({ tenant, key }: Holder): { name: string; share: number }[] {
  const ofTenant = { name: `tenant ${tenant}`, share: TENANT_SHARE };
  return key === null ? [ofTenant] : [ofTenant, { name: `key ${key}`, share: KEY_SHARE }];
}
