/** Splits text into the word pieces of an encoder. */
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';

/** What the default model was trained for; more would cost time and dilute the mean. */
export const MAX_WORD_PIECES = 256;
/** Positions that encoders of the BERT kind have. */
export const MAX_PAIR_PIECES = 512;
/** No word piece of a passage lies behind this many characters; bounds the work on a text without spaces. */
export const MAX_CHARACTERS = 8_192;

/** A question and a passage as one sequence. */
export interface PairPieces {
  /** Token ids, at most 512: of two texts that are too long together the longer one is cut. */
  ids: number[];
  /** Of each id: 0 up to the end of the question, 1 in the passage. */
  types: number[];
}

export interface WordPieces {
  /** Token ids of a text, between those of its begin and end, at most 256. */
  text(text: string): number[];
  pair(question: string, passage: string): PairPieces;
}

/** Begin, end, and what stands between two texts, as BERT and as XLM-RoBERTa have them. */
const FRAMES = [
  { begin: '[CLS]', end: '[SEP]', between: ['[SEP]'] },
  { begin: '<s>', end: '</s>', between: ['</s>', '</s>'] },
] as const;

/** Loads a Hugging Face tokenizer.json. Special tokens in a text ("[SEP]") stay ordinary text. */
export async function loadWordPieces(file: string): Promise<WordPieces> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  const ids = vocabularyOf(json.model.vocab);
  const frame = FRAMES.find(({ begin, end }) => ids(begin) !== undefined && ids(end) !== undefined);
  if (frame === undefined) throw new Error(`${file} is not the tokenizer of an encoder`);
  const begin = ids(frame.begin)!;
  const end = ids(frame.end)!;
  const between = frame.between.map((token) => ids(token)!);
  // The file asks for truncation and padding to 128, and its added tokens would be special in any text.
  const tokenizer = new Tokenizer(
    { ...json, truncation: null, padding: null, added_tokens: [], post_processor: null },
    {},
  );
  const split = (text: string): number[] =>
    tokenizer.encode(text.slice(0, MAX_CHARACTERS), { add_special_tokens: false }).ids;
  return {
    text: (text) => [begin, ...split(text).slice(0, MAX_WORD_PIECES - 2), end],
    pair: (question, passage) => {
      const asked = split(question);
      const read = split(passage);
      const room = MAX_PAIR_PIECES - between.length - 2;
      const first = asked.slice(0, Math.max(Math.floor(room / 2), room - read.length));
      const second = read.slice(0, room - first.length);
      const before = [begin, ...first, ...between];
      const after = [...second, end];
      return {
        ids: [...before, ...after],
        types: [...before.map(() => 0), ...after.map(() => 1)],
      };
    },
  };
}

/** A word piece model lists ids by token, a unigram model tokens with their scores. */
function vocabularyOf(vocabulary: Record<string, number> | [string, number][]) {
  const ids = new Map(
    Array.isArray(vocabulary) ? vocabulary.map(([token], id) => [token, id]) : Object.entries(vocabulary),
  );
  return (token: string) => ids.get(token);
}
