/** What the inference thread offers. */
import type { MessagePort } from 'node:worker_threads';
import type { KvDtype } from '../kv/blob.ts';
import type { Provider } from '../model/onnxruntime.ts';
import type { AnswerEvent, AnswerRequest, AnswerResult, StoredObject } from './answer.ts';

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

/** What comes on the port of an answer: each block's blob once; `as` names an earlier block with the same bytes. */
export type ArrivedObject = { index: number; object: StoredObject } | { index: number; as: number };

export type EngineMethods = {
  /** Resolves when the model is loaded. */
  ready: { args: undefined; result: undefined };
  /** One blob a block, in the same order. */
  encode: { args: EncodeRequest; result: Uint8Array<ArrayBuffer>[] };
  answer: {
    /** The blocks' objects come on the port. */
    args: { request: AnswerRequest; objects: MessagePort };
    result: AnswerResult;
    event: AnswerEvent;
  };
};
