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

/** What S3 takes. */
const MAX_KEY_BYTES = 1024;

/**
 * The key of an object that is to come.
 * @throws BlockragError `invalid_request` for names that would not be taken in from there under the same name
 */
export function checkedSourceKey(source: SourceName): string {
  const key = sourceKey(source);
  const { collection, name } = parseSourceKey(key);
  // URLs have no such segments, and what ends in "/" is a folder.
  const vanishes = key.split('/').some((segment) => segment === '.' || segment === '..') || key.endsWith('/');
  if (vanishes || collection !== source.collection || name !== source.name) {
    throw new BlockragError(
      'invalid_request',
      'The name cannot be that of an object: leave out "/" at its end, "." and "..".',
    );
  }
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new BlockragError(
      'invalid_request',
      'The names of the collection and the document are too long together.',
    );
  }
  return key;
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
