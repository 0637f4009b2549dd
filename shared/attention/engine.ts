/** The model as the rest of the program sees it. It runs in a thread, so it never blocks the event loop. */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { BlockragError } from '../errors.ts';
import { isIntact } from '../kv/blob.ts';
import { LazyThread, Thread } from '../threads.ts';
import type { AnswerEvent, AnswerRequest, AnswerResult } from './answer.ts';
import type { EncodeRequest } from './encode-to-blob.ts';
import type { ArrivedObject, EngineMethods, EngineOptions, StoredBlock, Wanted } from './protocol.ts';
import { type RecentKeys, recentKeys } from './recent-keys.ts';
import { SHARED_RUN } from './runs.ts';

/** Blobs up to this size are checked on the event loop, which the largest of them hold for about 2 ms. */
const CHECKED_BYTES = 4 << 20;

export class Engine {
  #options: EngineOptions;
  #thread = new LazyThread<EngineMethods>(
    () => {
      this.#hot = false;
      return new Thread(new URL('./worker.ts', import.meta.url), {
        workerData: this.#options,
        name: 'inference',
      });
    },
    () => new BlockragError('worker_died', 'The engine is closed.'),
  );
  /** Whether the thread may have blobs in memory. */
  #hot = false;
  /** Of blobs that were sent to a thread before. */
  #sentBefore = recentKeys();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Loads the model now instead of at the first call. */
  ready(): Promise<void> {
    return this.#thread.load(() => this.#thread.alive().call('ready', undefined));
  }

  /** Encodes blocks, each by itself, to their KV blobs, in the same order; questions go first. */
  async encode(request: EncodeRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#thread.alive().call('encode', request, { signal });
  }

  /**
   * Answers; the blocks' objects move to the thread as they come, those that it has in memory are not read. Events
   * come in order, the last one before the result.
   * @throws BlockragError `cancelled`, `prompt_too_long`, `worker_died`; what an object's promise rejects with
   */
  async answer(
    request: Omit<AnswerRequest, 'blocks'> & { blocks: StoredBlock[] },
    options: { signal?: AbortSignal | undefined; onEvent: (event: AnswerEvent) => void },
  ): Promise<AnswerResult> {
    const { port1, port2 } = new MessageChannel();
    const failed = new AbortController();
    // Where nothing is in memory the thread is not waited for: it may be starting, or have no memory for blobs.
    const ended = new AbortController();
    const wanted = this.#hot ? wantedOn(port1, ended.signal) : [...request.blocks.keys()];
    const sent = sendObjects(request.blocks, wanted, port1, this.#sentBefore).catch((error: unknown) =>
      failed.abort(error),
    );
    const blocks = request.blocks.map((block) => ({ ...block, object: undefined }));
    const signal = AbortSignal.any([
      failed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    try {
      const args = { request: { ...request, blocks }, objects: port2 };
      const result = await this.#thread
        .alive()
        .call('answer', args, { ...options, signal, transfer: [port2] });
      this.#hot = (this.#options.hotBytes ?? 0) > 0;
      return result;
    } catch (error) {
      throw failed.signal.aborted ? failed.signal.reason : error;
    } finally {
      ended.abort();
      // Whoever is asked to read must not write to a port that is closed.
      void sent.then(() => port1.close());
    }
  }

  /** Tokens up to which blocks of one `encode` share a run: callers with many blocks send about as many at a time. */
  get sharedRun(): number {
    return SHARED_RUN[this.#options.provider ?? 'cpu'];
  }

  /** Ends the thread, after the model was loaded where that goes on; calls under way are rejected. */
  dispose(): Promise<void> {
    return this.#thread.dispose();
  }
}

/** Which blocks the thread asks for; none where the answer ends before it has said so. */
function wantedOn(port: MessagePort, ended: AbortSignal): Promise<number[]> {
  return new Promise((resolve) => {
    port.once('message', ({ wanted }: Wanted) => resolve(wanted));
    ended.addEventListener('abort', () => resolve([]), { once: true });
  });
}

async function sendObjects(
  blocks: readonly StoredBlock[],
  wanted: number[] | Promise<number[]>,
  port: MessagePort,
  sentBefore: RecentKeys,
): Promise<void> {
  // A passage may be in the prompt twice: its bytes move once.
  const sent = new Map<ArrayBuffer, number>();
  await Promise.all(
    (await wanted).map(async (index) => {
      const { key, object: coming } = blocks[index]!;
      const object = await (typeof coming === 'function' ? coming() : coming);
      const as = object && sent.get(object.buffer);
      if (object === undefined) port.postMessage({ index, object, intact: false } satisfies ArrivedObject);
      else if (as !== undefined) port.postMessage({ index, as } satisfies ArrivedObject);
      else {
        sent.set(object.buffer, index);
        // Here, while the inference thread lays the blob before this one. The first time it computes the SHA-256.
        const intact = sentBefore.has(key) && object.length <= CHECKED_BYTES && isIntact(object);
        sentBefore.set(key, true);
        port.postMessage({ index, object, intact } satisfies ArrivedObject, [object.buffer]);
      }
    }),
  );
}
