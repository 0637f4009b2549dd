/** Removes all that a tenant has: its documents, its keys, its limits, and what was counted of it. */
import { BlockragError } from '../../errors.ts';
import { DEFAULT_TENANT } from '../defaults.ts';
import type { Services } from '../services.ts';
import { removeCollection } from './collection.ts';
import type { ForgetServices } from './retire.ts';

type EraseServices = ForgetServices &
  Pick<Services, 'catalog' | 'documents'> & {
    access: Pick<Services['access'], 'keys' | 'limits' | 'rates' | 'tokens'>;
  };

/** What was removed; of documents, those that this call has removed. */
export interface ErasedTenant {
  documents: number;
  keys: number;
}

/**
 * Erases a tenant: no key of it is accepted from now on (by other instances within five seconds), no document answers,
 * and the text leaves every store in the background, as with single documents. May be run again. What stays are the
 * tenant's name, its revoked keys with their names, and the stored frame of prompts, which holds nothing of it.
 * @throws BlockragError `invalid_request` for the tenant that operators are of
 */
export async function eraseTenant(services: EraseServices, tenant: string): Promise<ErasedTenant> {
  if (tenant === DEFAULT_TENANT) {
    const message = `The tenant ${DEFAULT_TENANT} is that of the operators: remove its documents instead.`;
    throw new BlockragError('invalid_request', message);
  }
  const { access, catalog } = services;
  // First: whoever could still add documents would undo the rest.
  const keys = (await access.keys.list(tenant)).filter(({ revoked }) => revoked === null);
  for (const { id } of keys) await access.keys.revoke(id);
  let documents = 0;
  for await (const { status } of catalog.documents.every(tenant)) if (status !== 'deleting') documents++;
  for (const name of await catalog.collections.names(tenant)) await removeCollection(services, tenant, name);
  await access.limits.forget(tenant);
  await access.tokens.forget(tenant);
  await access.rates.forget(tenant);
  return { documents, keys: keys.length };
}
