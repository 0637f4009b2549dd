/** Splits text into the word pieces of an embedding model. */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';

/** What the default model was trained for; more would cost time and dilute the mean. */
export const MAX_WORD_PIECES = 256;
/** No word piece of a passage lies behind this many characters; bounds the work on a text without spaces. */
export const MAX_CHARACTERS = 8_192;

/** Token ids of a text, between those of its begin and end, at most 256. */
export type WordPieces = (text: string) => number[];

/** Begin and end, as BERT and as XLM-RoBERTa call them. */
const FRAMES = [
  ['[CLS]', '[SEP]'],
  ['<s>', '</s>'],
] as const;

/** Loads a Hugging Face tokenizer.json. Special tokens in a text ("[SEP]") stay ordinary text. */
export async function loadWordPieces(file: string): Promise<WordPieces> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  const ids = vocabularyOf(json.model.vocab);
  const frame = FRAMES.find((tokens) => tokens.every((token) => ids(token) !== undefined));
  if (frame === undefined) throw new Error(`${file} is not the tokenizer of an encoder`);
  const [begin, end] = frame.map(ids);
  // The file asks for truncation and padding to 128, and its added tokens would be special in any text.
  const tokenizer = new Tokenizer(
    { ...json, truncation: null, padding: null, added_tokens: [], post_processor: null },
    {},
  );
  return (text) => {
    const pieces = tokenizer.encode(text.slice(0, MAX_CHARACTERS), { add_special_tokens: false }).ids;
    return [begin!, ...pieces.slice(0, MAX_WORD_PIECES - 2), end!];
  };
}

/** A word piece model lists ids by token, a unigram model tokens with their scores. */
function vocabularyOf(vocabulary: Record<string, number> | [string, number][]) {
  const ids = new Map(
    Array.isArray(vocabulary) ? vocabulary.map(([token], id) => [token, id]) : Object.entries(vocabulary),
  );
  return (token: string) => ids.get(token);
}
