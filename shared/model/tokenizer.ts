/**
 * The model's tokenizer. Text of users and documents is encoded by `encode`, which never sees special tokens:
 * "<|im_start|>" in a document stays six ordinary tokens. Only the chat template's own text goes through
 * `encodeTemplate`.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BlockragError } from '../errors.ts';
import { ByteLevelBpe } from './byte-level.ts';
import { PRE_TOKENIZERS, type PreTokenizer } from './pre-tokenizers.ts';
import { type Pieces, SentencePiece } from './sentencepiece.ts';

/** What a compiled model's tokenizer.json holds, whatever the model came as. */
export interface TokenizerFile {
  /**
   * Name of the pre-tokenizer as in GGUF's tokenizer.ggml.pre; `tokenizer.json`: see `preTokenizer`; `sentencepiece`:
   * there is none, see `pieces`.
   */
  pre: string;
  /** How text is cut before merging, where the model says so itself. */
  preTokenizer?: PreTokenizer;
  pieces?: Omit<Pieces, 'tokens'>;
  /** Token strings by id; of byte-level BPE in the alphabet of GPT-2. */
  tokens: string[];
  /** Pairs "a b", the first merged first. */
  merges: string[];
  /** Ids of control and user-defined tokens: text in a template, never in a document. */
  special: number[];
  bos: number | undefined;
  /** Ids that end an answer. */
  end: number[];
  /** Whether a prompt starts with the bos token although its template does not say so. */
  addBos: boolean;
  chatTemplate: string | undefined;
}

/** Tokens that end an answer in the families' chat formats, beside the model's own eos token. */
const END_TOKENS = [
  '<|im_end|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|end_of_text|>',
  '<|end|>',
  '<end_of_turn>',
  '</s>',
];

/** Ids that end an answer: those that the model names, and special tokens that do so in any chat format. */
export function endTokens(
  named: readonly number[],
  special: readonly number[],
  tokens: readonly string[],
): number[] {
  return [...new Set([...named, ...special.filter((id) => END_TOKENS.includes(tokens[id]!))])];
}

/** Loads a tokenizer file written by the model compiler. @throws BlockragError `model_unsupported` */
export async function loadTokenizer(file: string): Promise<Tokenizer> {
  const text = await readFile(file, 'utf8');
  return new Tokenizer(JSON.parse(text) as TokenizerFile, createHash('sha256').update(text).digest('hex'));
}

export class Tokenizer {
  readonly file: TokenizerFile;
  /** SHA-256 of the tokenizer file: part of every blob's key. */
  readonly hash: string;
  #model: ByteLevelBpe | SentencePiece;
  #special: Map<string, number>;
  #specialPattern: RegExp | undefined;
  #bytes: (Uint8Array | undefined)[] = [];
  #specialIds: Set<number>;

  constructor(file: TokenizerFile, hash: string) {
    this.file = file;
    this.hash = hash;
    this.#specialIds = new Set(file.special);
    this.#model = openModel(file);
    this.#special = new Map(file.special.map((id) => [file.tokens[id]!, id]));
    const literals = [...this.#special.keys()]
      .filter((token) => token !== '')
      .sort((a, b) => b.length - a.length)
      .map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.#specialPattern = literals.length > 0 ? new RegExp(`(${literals.join('|')})`) : undefined;
  }

  /** Token ids of a text in which nothing is special. */
  encode(text: string): Uint32Array {
    if (text === '') return new Uint32Array();
    return Uint32Array.from(this.#model.encode(text));
  }

  /** Token ids of a template's text: special tokens are recognised. Never pass text of a user or a document. */
  encodeTemplate(text: string): Uint32Array {
    if (this.#specialPattern === undefined) return this.encode(text);
    const ids: number[] = [];
    for (const part of text.split(this.#specialPattern)) {
      const special = this.#special.get(part);
      if (special !== undefined) ids.push(special);
      else ids.push(...this.encode(part));
    }
    return Uint32Array.from(ids);
  }

  /** The UTF-8 bytes of one token; none for a special token. A character may span several tokens. */
  bytes(id: number): Uint8Array {
    let bytes = this.#bytes[id];
    if (bytes === undefined) {
      bytes = this.#specialIds.has(id) ? new Uint8Array() : this.#model.bytes(id);
      this.#bytes[id] = bytes;
    }
    return bytes;
  }

  /** The text of token ids, special tokens left out; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>): string {
    const decoder = new TextDecoder();
    let text = '';
    for (const id of ids) text += decoder.decode(this.bytes(id), { stream: true });
    return text + decoder.decode();
  }
}

/** @throws BlockragError `model_unsupported` */
function openModel({
  pre,
  preTokenizer,
  pieces,
  tokens,
  merges,
}: TokenizerFile): ByteLevelBpe | SentencePiece {
  if (pieces !== undefined) return new SentencePiece({ ...pieces, tokens });
  const known = Object.hasOwn(PRE_TOKENIZERS, pre) ? PRE_TOKENIZERS[pre] : undefined;
  const words = preTokenizer ?? known;
  if (words !== undefined) return new ByteLevelBpe(words, tokens, merges);
  throw new BlockragError(
    'model_unsupported',
    `The tokenizer "${pre}" is not implemented; known are ${Object.keys(PRE_TOKENIZERS).join(', ')}, and SentencePiece without a space before the text.`,
  );
}
