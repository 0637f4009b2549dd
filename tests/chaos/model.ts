/**
 * What may be there, by what was acknowledged. An operation that was not answered may have been done or not; one that
 * was acknowledged has been done, and nothing of before may be there any more.
 */
import type { Tenant } from './texts.ts';

/** The edition that a document is at, or that it is not there. */
export type State = number | 'absent';

export class Model {
  #states = new Map<string, Set<State>>();
  /** What else there may be of the moment of a backup; see `mark`. */
  #marked: Map<string, Set<State>> | undefined;
  #marking = false;
  /** Uploads and deletions that were acknowledged. */
  acknowledged = 0;

  /** What a document may be at. */
  statesOf(tenant: Tenant, name: string): ReadonlySet<State> {
    return this.#states.get(`${tenant}/${name}`) ?? new Set(['absent' as const]);
  }

  /** Names of the documents of a tenant that there ever were. */
  names(tenant: Tenant): string[] {
    return [...this.#states.keys()].flatMap((key) => {
      const [owner, name] = key.split('/') as [string, string];
      return owner === tenant ? [name] : [];
    });
  }

  /** An operation has begun. */
  attempt(tenant: Tenant, name: string, state: State): void {
    const key = `${tenant}/${name}`;
    this.#states.set(key, new Set([...this.statesOf(tenant, name), state]));
    if (this.#marking) {
      const marked = this.#marked!.get(key) ?? new Set<State>(['absent']);
      this.#marked!.set(key, marked.add(state));
    }
  }

  /** The server has said that it is done. */
  acknowledge(tenant: Tenant, name: string, state: State): void {
    this.#states.set(`${tenant}/${name}`, new Set([state]));
    this.acknowledged++;
  }

  /** Looked at, it is known: from now on it may not be anything else. */
  settle(tenant: Tenant, name: string, state: State): void {
    this.#states.set(`${tenant}/${name}`, new Set([state]));
  }

  /** A backup begins: it holds what there is now, or anything that comes until `marked`. */
  mark(): void {
    this.#marked = new Map([...this.#states].map(([key, states]) => [key, new Set(states)]));
    this.#marking = true;
  }

  /** The backup has ended. */
  marked(): void {
    this.#marking = false;
  }

  /** All is as the backup has it. */
  restored(): void {
    const marked = this.#marked!;
    for (const key of this.#states.keys()) this.#states.set(key, marked.get(key) ?? new Set(['absent']));
  }
}
