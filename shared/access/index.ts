/** Who may do what, and how much of it: keys, limits, quotas and rates, on the catalog's table. */
import type { Table } from '../storage/ports.ts';
import { DailyTokens } from './daily-tokens.ts';
import { KeyRing } from './keys.ts';
import { type Limits, type OwnLimits, TenantLimits } from './limits.ts';
import { Quotas } from './quotas.ts';
import { RateLimiter } from './rate-limit.ts';

export interface Access {
  keys: KeyRing;
  limits: TenantLimits;
  quotas: Quotas;
  tokens: DailyTokens;
  rates: RateLimiter;
}

/** What a tenant may use, and uses. */
export interface TenantUse {
  /** What was set for it. */
  own: OwnLimits;
  /** What holds. */
  limits: Limits;
  /** `tokensPerDay`: today. */
  used: Record<Exclude<keyof Limits, 'requestsPerMinute'>, number>;
}

export async function tenantUse(
  { limits, quotas, tokens }: Pick<Access, 'limits' | 'quotas' | 'tokens'>,
  tenant: string,
): Promise<TenantUse> {
  const [own, effective, stored, today] = await Promise.all([
    ...[limits.own(tenant), limits.of(tenant)],
    ...[quotas.used(tenant), tokens.usedToday(tenant)],
  ] as const);
  return { own, limits: effective, used: { ...stored, tokensPerDay: today } };
}

/** @param defaults limits of tenants that have none of their own */
export function openAccess(table: Table, defaults: Limits): Access {
  const limits = new TenantLimits(table, defaults);
  return {
    keys: new KeyRing(table),
    limits,
    quotas: new Quotas(table, limits),
    tokens: new DailyTokens(table, limits),
    rates: new RateLimiter(table),
  };
}
