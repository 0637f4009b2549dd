/** A tenant as the API shows it. */
import { z } from 'zod';
import type { TenantUse } from '../../access/index.ts';
import type { Limits, OwnLimits } from '../../access/limits.ts';

const limit = (description: string, least = 0) =>
  z
    .int()
    .min(least)
    .nullable()
    .meta({ description: `${description}; null: no limit.` });

/** Names in JSON, with those in the program. */
const NAMES = {
  documents: 'documents',
  passages: 'passages',
  bytes: 'bytes',
  tokens_per_day: 'tokensPerDay',
  requests_per_minute: 'requestsPerMinute',
} as const satisfies Record<string, keyof Limits>;

const limitsSchema = z.object({
  documents: limit('Documents stored'),
  passages: limit('Passages stored'),
  bytes: limit('Bytes of the documents stored'),
  tokens_per_day: limit('Tokens of prompts and answers in a day of UTC'),
  requests_per_minute: limit('Requests in a minute', 1),
});

export const ownLimitsSchema = limitsSchema.partial().strict().meta({ id: 'OwnLimits' });

export const tenantSchema = z
  .object({
    tenant: z.string().meta({ example: 'acme' }),
    limits: limitsSchema.meta({ description: 'What holds.' }),
    own: ownLimitsSchema.meta({ description: 'What of it was set for this tenant.' }),
    used: z.object({
      ...{ documents: z.int(), passages: z.int(), bytes: z.int() },
      tokens_per_day: z.int().meta({ description: 'Today.' }),
    }),
  })
  .meta({ id: 'Tenant' });

export type TenantView = z.infer<typeof tenantSchema>;

export function viewTenant(tenant: string, { own, limits, used }: TenantUse): TenantView {
  const pairs = Object.entries(NAMES);
  const of = (values: OwnLimits) => pairs.map(([name, key]) => [name, values[key]] as const);
  return {
    tenant,
    limits: Object.fromEntries(
      pairs.map(([name, key]) => [name, limits[key] ?? null]),
    ) as TenantView['limits'],
    own: Object.fromEntries(of(own).filter(([, value]) => value !== undefined)),
    used: {
      ...{ documents: used.documents, passages: used.passages, bytes: used.bytes },
      tokens_per_day: used.tokensPerDay,
    },
  };
}

export function toOwnLimits(view: z.infer<typeof ownLimitsSchema>): OwnLimits {
  const own = Object.entries(NAMES).map(([name, key]) => [key, view[name as keyof typeof NAMES]] as const);
  return Object.fromEntries(own.filter(([, value]) => value !== undefined));
}
