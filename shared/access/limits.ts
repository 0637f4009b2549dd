/**
 * The limits of each tenant.
 *
 * partition  sort    row
 * limits     TENANT  the limits that differ from the defaults
 */
import { BlockragError } from '../errors.ts';
import type { RowData, Table } from '../storage/ports.ts';
import { checkTenant } from './tenant.ts';

/** Limits of a tenant; one that is undefined is no limit. */
export interface Limits {
  documents?: number | undefined;
  passages?: number | undefined;
  /** Bytes of the uploaded documents. */
  bytes?: number | undefined;
  /** Tokens of prompts and answers in one day, UTC. */
  tokensPerDay?: number | undefined;
  /** Requests to the API. */
  requestsPerMinute?: number | undefined;
}

/** A tenant's own limits: a number, null for unlimited; what is left out is as the defaults say. */
export type OwnLimits = { [K in keyof Limits]?: number | null };

export const LIMIT_KINDS = [
  'documents',
  'passages',
  'bytes',
  'tokensPerDay',
  'requestsPerMinute',
] as const satisfies (keyof Limits)[];
const KINDS: readonly string[] = LIMIT_KINDS;
const PARTITION = 'limits';
/** A tenant that may ask nothing has no key: a bucket of no requests never fills. */
const LEAST: Record<keyof Limits, number> = {
  ...{ documents: 0, passages: 0, bytes: 0, tokensPerDay: 0 },
  requestsPerMinute: 1,
};

/** The limits of all tenants. They are read anew for every check, so a change holds at once. */
export class TenantLimits {
  #table: Table;
  #defaults: Limits;

  /** @param defaults limits of tenants that have none of their own */
  constructor(table: Table, defaults: Limits = {}) {
    this.#table = table;
    this.#defaults = defaults;
  }

  /** What holds for a tenant. */
  async of(tenant: string): Promise<Limits> {
    const set = Object.entries(await this.own(tenant)).map(([kind, limit]) => [kind, limit ?? undefined]);
    return { ...this.#defaults, ...Object.fromEntries(set) };
  }

  /** What was set for a tenant. */
  async own(tenant: string): Promise<OwnLimits> {
    return { ...((await this.#table.get(PARTITION, tenant))?.data as OwnLimits | undefined) };
  }

  /** Takes a tenant's own limits away. */
  async forget(tenant: string): Promise<void> {
    await this.#table.write([{ delete: { partition: PARTITION, sort: tenant } }]);
  }

  /**
   * Sets a tenant's own limits in place of those before; durable when it resolves. What is used already stays,
   * even if it is more: only growth is refused.
   * @throws BlockragError `invalid_request`
   */
  async set(tenant: string, own: OwnLimits): Promise<void> {
    checkTenant(tenant);
    const data: RowData = {};
    for (const [kind, limit] of Object.entries(own)) {
      if (limit === undefined) continue;
      if (
        !KINDS.includes(kind) ||
        (limit !== null && (!Number.isSafeInteger(limit) || limit < LEAST[kind as keyof Limits]))
      ) {
        const message = `A limit is one of ${KINDS.join(', ')}, and a whole number, of requests at least 1, or null (unlimited).`;
        throw new BlockragError('invalid_request', message);
      }
      data[kind] = limit;
    }
    await this.#table.write([{ put: { partition: PARTITION, sort: tenant, data } }]);
  }
}
