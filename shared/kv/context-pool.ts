/** Contexts of several answers within a memory budget; the memory of finished ones is reused. */
import { BlockragError } from '../errors.ts';
import { ContextKv } from './context.ts';
import { contextBytesPerToken, type KvShape } from './shape.ts';

interface Waiter {
  bytes: number;
  resolve(context: ContextKv): void;
}

export class ContextPool {
  #shape: KvShape;
  #budget: number;
  #lent = new Map<ContextKv, number>();
  #free: ContextKv[] = [];
  #waiting: Waiter[] = [];

  /** @param budget bytes of keys and values that all contexts together may hold */
  constructor(shape: KvShape, budget: number) {
    this.#shape = shape;
    this.#budget = budget;
  }

  /**
   * Lends a context that has room for `tokens`; waits, first come first served, while others hold the memory.
   * @throws BlockragError `prompt_too_long` when it would never fit, `cancelled` when aborted while waiting
   */
  acquire(tokens: number, signal?: AbortSignal): Promise<ContextKv> {
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
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      let lent = 0;
      for (const bytes of this.#lent.values()) lent += bytes;
      if (lent + next.bytes > this.#budget) return;
      this.#waiting.shift();
      // The smallest free one that is large enough, else a new one; free ones give way when memory is short.
      this.#free.sort((a, b) => a.bytes - b.bytes);
      const fit = this.#free.findIndex((context) => context.bytes >= next.bytes);
      const context = fit >= 0 ? this.#free.splice(fit, 1)[0]! : new ContextKv(this.#shape);
      const bytes = Math.max(context.bytes, next.bytes);
      this.#lent.set(context, bytes);
      const held = () => this.#free.reduce((sum, free) => sum + free.bytes, lent + bytes);
      while (this.#free.length > 0 && held() > this.#budget) this.#free.shift();
      next.resolve(context);
    }
  }
}
