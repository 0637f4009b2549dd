/** What the inference thread offers. */
import type { KvDtype } from '../kv/blob.ts';
import type { Provider } from '../model/onnxruntime.ts';
import type { AnswerEvent, AnswerRequest, AnswerResult } from './answer.ts';

export interface EngineOptions {
  /** Directory of the compiled model. */
  directory: string;
  /** Where the model runs. */
  provider?: Provider;
  /** Threads of one run; undefined: the machine's cores. */
  threads: number | undefined;
  /** Bytes that the contexts of all answers under way may hold. */
  contextBytes: number;
  /** Provenance of blobs that are used beside those of this engine itself; undefined: any. */
  acceptedProvenance?: readonly string[] | undefined;
}

export interface EncodeRequest {
  blocks: { tokens: Uint32Array; key: string }[];
  dtype: KvDtype;
}

export type EngineMethods = {
  /** Resolves when the model is loaded. */
  ready: { args: undefined; result: undefined };
  /** One blob a block, in the same order. */
  encode: { args: EncodeRequest; result: Uint8Array<ArrayBuffer>[] };
  answer: { args: AnswerRequest; result: AnswerResult; event: AnswerEvent };
};
