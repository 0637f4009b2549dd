/** API keys as the API and the command line show them. */
import { z } from 'zod';
import { type KeyRow, SCOPES } from '../../access/keys.ts';

export const keySchema = z
  .object({
    id: z.string().meta({ example: 'key_3f9a1c0b5d2e' }),
    tenant: z.string().meta({ example: 'acme' }),
    name: z.string().meta({ example: 'laptop' }),
    scopes: z.array(z.enum(SCOPES)),
    created_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Key' });

export type KeyView = z.infer<typeof keySchema>;

/** A key as it may be shown: without its secret. */
export function viewKey({ id, tenant, name, scopes, created, revoked }: KeyRow): KeyView {
  return {
    id,
    tenant,
    name,
    scopes,
    created_at: new Date(created).toISOString(),
    revoked_at: revoked === null ? null : new Date(revoked).toISOString(),
  };
}
