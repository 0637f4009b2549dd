/** Splits text into BERT's word pieces for the embedding model. */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';

/** What the model was trained for; more would cost time and dilute the mean. */
const MAX_WORD_PIECES = 256;
/** No word piece of a passage lies behind this many characters; bounds the work on a text without spaces. */
const MAX_CHARACTERS = 8_192;

/** Token ids of a text, [CLS] ... [SEP], at most 256. */
export type WordPieces = (text: string) => number[];

/** Loads a Hugging Face tokenizer.json. Special tokens in a text ("[SEP]") stay ordinary text. */
export async function loadWordPieces(file: string): Promise<WordPieces> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  const { '[CLS]': start, '[SEP]': end } = json.model.vocab as Record<string, number>;
  if (start === undefined || end === undefined) throw new Error(`${file} is not BERT's tokenizer`);
  // The file asks for truncation and padding to 128, and its added tokens would be special in any text.
  const tokenizer = new Tokenizer(
    { ...json, truncation: null, padding: null, added_tokens: [], post_processor: null },
    {},
  );
  return (text) => {
    const { ids } = tokenizer.encode(text.slice(0, MAX_CHARACTERS), { add_special_tokens: false });
    return [start, ...ids.slice(0, MAX_WORD_PIECES - 2), end];
  };
}
