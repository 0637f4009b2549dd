/** The model as the rest of the program sees it: token ids in, keys, values and token ids out, off the event loop. */
import { BlockragError } from '../errors.ts';
import { Thread } from '../threads.ts';
import type { AnswerEvent, AnswerRequest, AnswerResult } from './answer.ts';
import type { EncodeRequest, EngineMethods, EngineOptions } from './protocol.ts';
import { SHARED_RUN } from './runs.ts';

export class Engine {
  #options: EngineOptions;
  #thread: Thread<EngineMethods> | undefined;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Loads the model now instead of at the first call. */
  async ready(): Promise<void> {
    await this.#alive().call('ready', undefined);
  }

  /** Encodes blocks, each by itself, to their KV blobs, in the same order; questions go first. */
  async encode(request: EncodeRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#alive().call('encode', request, { signal });
  }

  /**
   * Answers; the blocks' objects move to the thread. Events come in order, the last one before the result.
   * @throws BlockragError `cancelled`, `prompt_too_long`, `worker_died`
   */
  async answer(
    request: AnswerRequest,
    options: { signal?: AbortSignal | undefined; onEvent: (event: AnswerEvent) => void },
  ): Promise<AnswerResult> {
    // Once each: a passage may be in the prompt twice.
    const buffers = request.blocks.flatMap(({ object }) => (object === undefined ? [] : [object.buffer]));
    return this.#alive().call('answer', request, { ...options, transfer: [...new Set(buffers)] });
  }

  /** Tokens up to which blocks of one `encode` share a run: callers with many blocks send about as many at a time. */
  get sharedRun(): number {
    return SHARED_RUN[this.#options.provider ?? 'cpu'];
  }

  async dispose(): Promise<void> {
    this.#closed = true;
    await this.#thread?.dispose();
  }

  /** The thread; a new one where the last has died. */
  #alive(): Thread<EngineMethods> {
    if (this.#closed) throw new BlockragError('worker_died', 'The engine is closed.');
    if (!this.#thread?.alive) {
      this.#thread = new Thread<EngineMethods>(new URL('./worker.ts', import.meta.url), {
        workerData: this.#options,
        name: 'inference',
      });
    }
    return this.#thread;
  }
}
