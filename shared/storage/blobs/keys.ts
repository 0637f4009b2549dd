import { BlockragError } from '../../errors.ts';

/** What S3 allows for a whole key, and (with room for a suffix) a file system for one name. */
const MAX_KEY_LENGTH = 1024;
const MAX_SEGMENT_LENGTH = 200;

/**
 * Returns a blob's key as it is.
 * @throws BlockragError `invalid_request` unless it is a relative path of [A-Za-z0-9._-] segments, none of
 * them "." or ".."; at most 1024 characters in all and 200 in a segment
 */
export function checkedKey(key: string): string {
  if (key.length > MAX_KEY_LENGTH || !key.split('/').every(isSegment)) {
    throw new BlockragError('invalid_request', `${JSON.stringify(key.slice(0, 100))} is not a blob's key.`);
  }
  return key;
}

function isSegment(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && text !== '.' && text !== '..' && text.length <= MAX_SEGMENT_LENGTH;
}
