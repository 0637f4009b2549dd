/** Names of objects in the bucket that users put documents into. */
import { isTenant } from '../../access/tenant.ts';
import { BlockragError } from '../../errors.ts';

/** Where a document is in the bucket that users put it into. */
export interface SourceName {
  tenant: string;
  collection: string;
  name: string;
}

const PREFIX = 'documents/';

export function sourceKey({ tenant, collection, name }: SourceName): string {
  return `${PREFIX}${tenant}/${encodeURIComponent(collection)}/${name}`;
}

/** @throws BlockragError `invalid_request` for a key that is not documents/TENANT/COLLECTION/NAME */
export function parseSourceKey(key: string): SourceName {
  const [, tenant = '', collection, name] = /^documents\/([^/]+)\/([^/]+)\/(.+)$/s.exec(key) ?? [];
  let decoded: string | undefined;
  try {
    decoded = collection && decodeURIComponent(collection);
  } catch {
    decoded = undefined;
  }
  if (!isTenant(tenant) || !decoded || name === undefined || /\p{Cc}/u.test(decoded + name)) {
    throw new BlockragError(
      'invalid_request',
      'An object must be named documents/TENANT/COLLECTION/NAME, without control characters.',
    );
  }
  return { tenant, collection: decoded, name };
}
