/** Contexts of several answers within a memory budget; the memory of finished ones is reused. */
import { BlockragError } from '../errors.ts';
import { ContextKv } from './context.ts';
import { contextBytesPerToken, type KvShape } from './shape.ts';

/** The part of the memory that contexts of one tenant may hold; a single one may be larger. */
const TENANT_SHARE = 2 / 3;

interface Waiter {
  bytes: number;
  tenant: string;
  resolve(context: ContextKv): void;
}

export class ContextPool {
  #shape: KvShape;
  #budget: number;
  #lent = new Map<ContextKv, { bytes: number; tenant: string }>();
  #free: ContextKv[] = [];
  #waiting: Waiter[] = [];

  /** @param budget bytes of keys and values that all contexts together may hold */
  constructor(shape: KvShape, budget: number) {
    this.#shape = shape;
    this.#budget = budget;
  }

  /**
   * Lends a context that has room for `tokens`; waits while others hold the memory. Next is the tenant that holds the
   * least, of those first come first served.
   * @param tenant whose it is; '' has no share and may hold all
   * @throws BlockragError `prompt_too_long` when it would never fit, `cancelled` when aborted while waiting
   */
  acquire(tokens: number, signal?: AbortSignal, tenant = ''): Promise<ContextKv> {
    const bytes = tokens * contextBytesPerToken(this.#shape);
    if (bytes > this.#budget) {
      return Promise.reject(
        new BlockragError(
          'prompt_too_long',
          `A prompt of ${tokens} tokens needs ${bytes} bytes of keys and values, more than the ${this.#budget} set aside.`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        tenant,
        resolve: (context) => {
          signal?.removeEventListener('abort', leave);
          resolve(context);
        },
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new BlockragError('cancelled', 'The request was cancelled.'));
        // Whoever stood behind it may fit.
        this.#serve();
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  release(context: ContextKv): void {
    if (this.#lent.delete(context)) this.#free.push(context);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { bytes: wanted, tenant, resolve } = next;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      const lent = this.#held();
      // The smallest free one that is large enough, else a new one; free ones give way when memory is short.
      this.#free.sort((a, b) => a.bytes - b.bytes);
      const fit = this.#free.findIndex((context) => context.bytes >= wanted);
      const context = fit >= 0 ? this.#free.splice(fit, 1)[0]! : new ContextKv(this.#shape);
      const bytes = Math.max(context.bytes, wanted);
      this.#lent.set(context, { bytes, tenant });
      const held = () => this.#free.reduce((sum, free) => sum + free.bytes, lent + bytes);
      while (this.#free.length > 0 && held() > this.#budget) this.#free.shift();
      resolve(context);
    }
  }

  /** Who is served now; nobody while there is no room for the one whose turn it is. */
  #next(): Waiter | undefined {
    const held = (tenant: string) => (tenant === '' ? 0 : this.#held(tenant));
    const allowed = this.#waiting.filter(({ tenant, bytes }) => {
      return held(tenant) === 0 || held(tenant) + bytes <= this.#budget * TENANT_SHARE;
    });
    const [first] = allowed.sort((a, b) => held(a.tenant) - held(b.tenant));
    return first !== undefined && this.#held() + first.bytes <= this.#budget ? first : undefined;
  }

  /** Bytes that are lent: to all, or to a tenant. */
  #held(tenant?: string): number {
    let sum = 0;
    for (const lent of this.#lent.values()) if ((tenant ?? lent.tenant) === lent.tenant) sum += lent.bytes;
    return sum;
  }
}
