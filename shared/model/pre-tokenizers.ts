/** How each supported family cuts text before byte-pair merging (GGUF's tokenizer.ggml.pre -> Hugging Face form). */

/** In the form of Hugging Face's tokenizer.json. */
export interface PreTokenizer {
  normalizer: object | null;
  preTokenizer: object;
  /** A word that is a whole token is taken as it is, without merges (Llama 3). */
  ignoreMerges: boolean;
}

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };

/** The word pattern of GPT-4's family; only the runs of digits differ between qwen2 and llama-bpe. */
const words = (digits: string) =>
  `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const split = (regex: string) => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

export const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  // Each digit alone; \p{N} and not the Digits pre-tokenizer, which knows ASCII digits only.
  smollm: {
    normalizer: null,
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [split('\\p{N}'), { ...BYTE_LEVEL, use_regex: true }],
    },
    ignoreMerges: false,
  },
  qwen2: {
    normalizer: { type: 'NFC' },
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [split(words('\\p{N}')), { ...BYTE_LEVEL, use_regex: false }],
    },
    ignoreMerges: false,
  },
  'llama-bpe': {
    normalizer: null,
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [split(words('\\p{N}{1,3}')), { ...BYTE_LEVEL, use_regex: false }],
    },
    ignoreMerges: true,
  },
};
