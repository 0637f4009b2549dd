/** Keys of rows in LMDB: the partition's byte length, the partition, the sort key; all texts in UTF-8. */
import { BlockragError } from '../../errors.ts';
import { MAX_KEY_BYTES } from '../lmdb/environment.ts';
import { utf8 } from '../utf8.ts';

/**
 * The key of a row. The length in front makes partitions exact, and the sort key needs no escaping as it is
 * last, so that rows of a partition are in the order of their sort keys' UTF-8 bytes.
 * @throws BlockragError `invalid_request` for an empty or overlong key
 */
export function rowKey(partition: string, sort: string): Buffer {
  if (sort === '') throw new BlockragError('invalid_request', 'A sort key is empty.');
  return prefixKey(partition, sort);
}

/** The least key that rows of a partition can have whose sort key starts with `prefix` (may be empty). */
export function prefixKey(partition: string, prefix: string): Buffer {
  if (partition === '') throw new BlockragError('invalid_request', 'A partition key is empty.');
  const name = utf8(partition);
  const key = Buffer.concat([Buffer.alloc(2), name, utf8(prefix)]);
  if (key.length > MAX_KEY_BYTES) {
    const message = `A key of ${key.length} bytes is too long: ${MAX_KEY_BYTES} bytes are allowed.`;
    throw new BlockragError('invalid_request', message, { data: { bytes: key.length } });
  }
  key.writeUInt16BE(name.length);
  return key;
}

/** The least key after all that start with `prefix`, which ends in UTF-8: no byte of that is 255. */
export function endOf(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/** The sort key in a row's key. */
export function sortOf(key: Buffer): string {
  return key.toString('utf8', 2 + key.readUInt16BE(0));
}
