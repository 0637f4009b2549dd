/** Token ids of cl100k_base, the vocabulary of OpenAI's embedding models, as text. */
import { Tiktoken } from 'js-tiktoken/lite';
import vocabulary from 'js-tiktoken/ranks/cl100k_base';
import { BlockragError } from '../../../errors.ts';

/** The last id, of a special token. */
const LAST_ID = 100_276;

const encoding = new Tiktoken(vocabulary);

/** @throws BlockragError `invalid_request` for ids of another vocabulary */
export function decodeCl100k(ids: readonly number[]): string {
  const text = ids.some((id) => id > LAST_ID) ? '' : encoding.decode([...ids]);
  if (text !== '') return text;
  throw new BlockragError('invalid_request', 'input: these are no token ids of cl100k_base: send texts.', {
    data: { field: 'input' },
  });
}
