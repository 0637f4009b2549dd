/**
 * Tokens that each tenant uses in a day.
 *
 * partition     sort               row
 * usage/TENANT  tokens/YYYY-MM-DD  used (a day is a day of UTC)
 */
import { BlockragError } from '../errors.ts';
import type { Row, Table, WriteOperation } from '../storage/ports.ts';
import { ifUnchanged, untilNoConflict } from '../storage/table/conflicts.ts';
import { allRows, deleteRows } from '../storage/table/rows.ts';
import type { TenantLimits } from './limits.ts';
import { usageOf } from './usage.ts';

/** Tokens set aside for one answer. */
export interface TokenTake {
  tenant: string;
  /** YYYY-MM-DD, UTC. */
  day: string;
  tokens: number;
}

const TOKENS = 'tokens/';
const DAY_MS = 24 * 60 * 60 * 1000;
/** Days forgotten in one write: there are more only after a failure. */
const FORGOTTEN_DAYS = 50;

/**
 * The daily token quota, which holds across instances: what an answer may need at most is taken before it,
 * and settled after it. What a killed process has taken stays used until the day is over.
 *
 * @example
 * const taken = await tokens.take(tenant, promptTokens + maxTokens);
 * try { used = await answer() } finally { await tokens.settle(taken, used) }
 */
export class DailyTokens {
  #table: Table;
  #limits: TenantLimits;
  #now: () => number;

  /** @param options.now the clock, milliseconds since the epoch */
  constructor(table: Table, limits: TenantLimits, options: { now?: () => number } = {}) {
    this.#table = table;
    this.#limits = limits;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Sets tokens aside. For a tenant without a limit nothing is written: its use is counted by `settle`.
   * @throws BlockragError `rate_limited` when the day's rest is less (data: quota, limit, used, asked, and
   *   retryAfter in seconds: when the next day begins), `quota_exceeded` when it is more than a whole day's
   *   tokens, `overloaded`
   */
  async take(tenant: string, tokens: number): Promise<TokenTake> {
    const limit = (await this.#limits.of(tenant)).tokensPerDay;
    if (limit === undefined) return { tenant, day: dayOf(this.#now()), tokens: 0 };
    return untilNoConflict(async () => {
      const now = this.#now();
      const day = dayOf(now);
      const row = await this.#table.get(usageOf(tenant), `${TOKENS}${day}`);
      const used = usedIn(row);
      if (used + tokens > limit) throw refusal(now, { limit, used, asked: tokens });
      await this.#put(tenant, day, row, used + tokens);
      return { tenant, day, tokens };
    });
  }

  /**
   * Counts what was used in place of what was set aside: once for each take, on the day of the take.
   * @throws BlockragError `overloaded`
   */
  async settle({ tenant, day, tokens }: TokenTake, used: number): Promise<void> {
    if (used === tokens) return;
    await untilNoConflict(async () => {
      const row = await this.#table.get(usageOf(tenant), `${TOKENS}${day}`);
      // A day that was forgotten stays so.
      if (row === undefined && day !== dayOf(this.#now())) return;
      await this.#put(tenant, day, row, usedIn(row) + used - tokens);
    });
  }

  /** Tokens used today, and set aside. */
  async usedToday(tenant: string): Promise<number> {
    return usedIn(await this.#table.get(usageOf(tenant), `${TOKENS}${dayOf(this.#now())}`));
  }

  /** Forgets what a tenant has used on any day. */
  async forget(tenant: string): Promise<void> {
    await deleteRows(this.#table, await allRows(this.#table, usageOf(tenant), { prefix: TOKENS }));
  }

  async #put(tenant: string, day: string, row: Row | undefined, used: number): Promise<void> {
    const partition = usageOf(tenant);
    const put = { partition, sort: `${TOKENS}${day}`, data: { used } };
    const forget = row === undefined ? await this.#pastDays(partition, day) : [];
    await this.#table.write([{ put, condition: ifUnchanged(row) }, ...forget]);
  }

  /** The day before stays, for instances whose clock is a little behind: they would begin it anew. */
  async #pastDays(partition: string, day: string): Promise<WriteOperation[]> {
    const oldest = `${TOKENS}${dayOf(Date.parse(day) - DAY_MS)}`;
    const { rows } = await this.#table.query(partition, { prefix: TOKENS, limit: FORGOTTEN_DAYS });
    return rows.filter(({ sort }) => sort < oldest).map(({ sort }) => ({ delete: { partition, sort } }));
  }
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const usedIn = (row: Row | undefined) => (row?.data.used ?? 0) as number;

function refusal(now: number, facts: { limit: number; used: number; asked: number }): BlockragError {
  const data = { quota: 'tokensPerDay', ...facts };
  const { limit, used, asked } = facts;
  if (asked > limit) {
    const message = `This may need ${asked} tokens, and the quota is ${limit} a day: ask for fewer, or have the quota raised.`;
    return new BlockragError('quota_exceeded', message, { data });
  }
  const retryAfter = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
  const message = `The quota of ${limit} tokens a day does not hold ${asked} more (${used} are used): try again tomorrow (UTC).`;
  return new BlockragError('rate_limited', message, { data: { ...data, retryAfter } });
}
