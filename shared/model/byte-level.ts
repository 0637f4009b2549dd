/** Byte-level BPE (GPT-2 and after it): text is cut into words, whose bytes are merged by rank. */
import { Tokenizer as BpeTokenizer } from '@huggingface/tokenizers';
import type { PreTokenizer } from './pre-tokenizers.ts';

export class ByteLevelBpe {
  #tokens: readonly string[];
  #bpe: BpeTokenizer;

  /** @param tokens in the byte-level alphabet of GPT-2, by id @param merges pairs "a b", the first merged first */
  constructor(pre: PreTokenizer, tokens: readonly string[], merges: string[]) {
    this.#tokens = tokens;
    this.#bpe = new BpeTokenizer(
      {
        version: '1.0',
        added_tokens: [],
        normalizer: pre.normalizer,
        pre_tokenizer: pre.preTokenizer,
        post_processor: null,
        decoder: { type: 'ByteLevel' },
        model: {
          type: 'BPE',
          vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
          merges,
          unk_token: null,
          byte_fallback: false,
          ignore_merges: pre.ignoreMerges,
        },
      },
      {},
    );
  }

  encode(text: string): number[] {
    return this.#bpe.encode(text, { add_special_tokens: false }).ids;
  }

  /** The UTF-8 bytes of a token. */
  bytes(id: number): Uint8Array {
    const bytes: number[] = [];
    for (const character of this.#tokens[id] ?? '') {
      const byte = BYTE_OF_CHARACTER.get(character);
      if (byte !== undefined) bytes.push(byte);
      else bytes.push(...new TextEncoder().encode(character));
    }
    return Uint8Array.from(bytes);
  }
}

/** GPT-2's byte-level alphabet, character -> byte: printable Latin-1 stands for itself, the rest from U+0100 on. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let shifted = 0;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    map.set(String.fromCodePoint(printable ? byte : 256 + shifted++), byte);
  }
  return map;
})();
