/** Names of tenants. They are part of storage paths and row keys. */
import { BlockragError } from '../errors.ts';

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function isTenant(name: string): boolean {
  return TENANT.test(name);
}

/**
 * Refuses an invalid tenant name. A name has 1 to 63 of a-z, 0-9 and "-", and does not begin with "-".
 * @throws BlockragError `invalid_request`
 */
export function checkTenant(name: string): void {
  if (isTenant(name)) return;
  const rule = '1 to 63 of a-z, 0-9 and "-", not starting with "-"';
  throw new BlockragError('invalid_request', `That is no name of a tenant: it must be ${rule}.`);
}
