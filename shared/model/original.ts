/** A model as its makers publish it: a GGUF file, or a directory as Hugging Face has it. */
import type { Architecture } from './architecture.ts';
import type { TokenizerFile } from './tokenizer.ts';
import type { WeightSource } from './weights.ts';

/** An open model whose weights are read on demand. */
export interface OriginalModel {
  /** What the model calls itself, if it does. */
  name: string | undefined;
  architecture: Architecture;
  /** Undefined for a GGUF file without one: a test's. */
  tokenizer: TokenizerFile | undefined;
  weights: WeightSource;
  close(): Promise<void>;
}
