/** Texts as bytes of keys. */
import { BlockragError } from '../errors.ts';

/** UTF-8 of a text. A lone surrogate has none: two different texts would get the same bytes. */
export function utf8(text: string): Buffer {
  if (/\p{Surrogate}/u.test(text)) {
    throw new BlockragError('invalid_request', 'A key holds half of a surrogate pair: it is not valid text.');
  }
  return Buffer.from(text, 'utf8');
}
