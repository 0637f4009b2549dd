/** What the inference thread offers. */

import type { MessagePort } from 'node:worker_threads';
import type { Provider } from '../model/compute.ts';
import type { AnswerEvent, AnswerRequest, AnswerResult, PromptBlock, StoredObject } from './answer.ts';
import type { EncodeRequest } from './encode-to-blob.ts';

export interface EngineOptions {
  /** Directory of the compiled model. */
  directory: string;
  /** Where the model runs. */
  provider?: Provider;
  /** Threads of one run; undefined: the machine's cores. */
  threads: number | undefined;
  /** Bytes that the contexts of all answers under way may hold. */
  contextBytes: number;
  /** Bytes of blobs that are kept in memory once they were used; default: none. */
  hotBytes?: number | undefined;
  /** Whether an answer that runs alone drafts tokens (drafts.ts); default: not. */
  speculation?: boolean | undefined;
  /** Provenance of blobs that are used beside those of this engine itself; undefined: any. */
  acceptedProvenance?: readonly string[] | undefined;
}

/** A block of a prompt as callers give it: its object is there, on its way, or read when it is asked for. */
export type StoredBlock = Omit<PromptBlock, 'object' | 'hot'> & {
  object: PromptBlock['object'] | (() => Promise<StoredObject>);
};

/** What the thread says on the port of an answer before anything else: the blocks whose objects it has not in memory. */
export interface Wanted {
  wanted: number[];
}

/**
 * What comes on the port of an answer: each block's blob once, `intact` where its CRC-32 is known to be right; `as`
 * names an earlier block with the same bytes.
 */
export type ArrivedObject =
  | { index: number; object: StoredObject; intact: boolean }
  | { index: number; as: number };

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
