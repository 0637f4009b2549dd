/** The documents stage: a file's bytes in, its passages out. */
import { BlockragError } from '../errors.ts';
import { Gate } from '../gate.ts';
import { Thread } from '../threads.ts';
import type { DocumentSource } from './detect.ts';
import { DEFAULT_MAX_TOKENS } from './split.ts';
import type { Passage } from './types.ts';
import type { DocumentMethods, DocumentWorkerData } from './worker.ts';

export type { DocumentSource } from './detect.ts';
export type { Passage } from './types.ts';

const MEMORY_CHECK_MS = 100;

/** How documents are read, and how much one may cost. */
export interface DocumentReaderOptions {
  /** The model's tokenizer.json. */
  tokenizerFile: string;
  /** Tokens of a passage at most, title line included; 256 unless told. */
  maxTokens?: number;
  /** Milliseconds for one document; two minutes unless told. */
  timeoutMs?: number;
  /** Heap of the thread in MiB; 1024 unless told. With its buffers a document may take twice as much. */
  memoryMb?: number;
  /** Bytes of one document; 100 MiB unless told. */
  maxBytes?: number;
}

/** A document's title and passages, in reading order. Passages of the same text are all there. */
export interface ReadDocument {
  title: string;
  /** What the document says of itself: author, date. Its text begins with it. */
  metadata: Readonly<Record<string, string>>;
  passages: Passage[];
}

/**
 * Reads documents, one at a time, in a thread with limits of time and memory.
 *
 * @example
 * const reader = new DocumentReader({ tokenizerFile })
 * const { title, passages } = await reader.read(bytes, { name: 'guide.pdf' })
 */
export class DocumentReader {
  #options: Required<DocumentReaderOptions>;
  #thread: Thread<DocumentMethods> | undefined;
  #turns = new Gate(1);
  #closed = false;

  constructor(options: DocumentReaderOptions) {
    this.#options = {
      maxTokens: DEFAULT_MAX_TOKENS,
      timeoutMs: 120_000,
      memoryMb: 1024,
      maxBytes: 100 * 1024 * 1024,
      ...options,
    };
  }

  /**
   * Parses and splits a document. The bytes are copied once, when its turn comes.
   *
   * @throws BlockragError as `parseDocument`, and `document_too_large`, `document_timeout`,
   * `document_too_complex` (out of memory), `cancelled`, `shutting_down`
   */
  async read(bytes: Uint8Array, source: DocumentSource, signal?: AbortSignal): Promise<ReadDocument> {
    const { maxBytes } = this.#options;
    if (bytes.length > maxBytes) {
      throw new BlockragError(
        'document_too_large',
        `${source.name} has ${bytes.length} bytes; at most ${maxBytes} are read: split the document.`,
        { data: { bytes: bytes.length, maxBytes } },
      );
    }
    return this.#turns.run(() => this.#readNow(bytes, source, signal));
  }

  /** Ends the thread; what is under way or waits rejects with `shutting_down`. */
  async dispose(): Promise<void> {
    this.#closed = true;
    await this.#thread?.dispose();
  }

  async #readNow(bytes: Uint8Array, { name, mediaType }: DocumentSource, signal?: AbortSignal) {
    if (this.#closed) throw closedError();
    if (signal?.aborted) throw cancelledError();
    const thread = this.#liveThread();
    let stopped: BlockragError | undefined;
    // Parsing does not yield: the only way to stop it is to end its thread.
    const stop = (why: BlockragError) => {
      stopped ??= why;
      void thread.dispose();
    };
    const abort = () => stop(cancelledError());
    signal?.addEventListener('abort', abort, { once: true });
    let limits: Limits | undefined;
    const startLimits = () => {
      limits = limitWork(name, this.#options, stop);
    };
    try {
      const copy = new Uint8Array(bytes);
      const args = { bytes: copy, source: { name, mediaType } };
      return await thread.call('read', args, { transfer: [copy.buffer], onEvent: startLimits });
    } catch (error) {
      if (stopped !== undefined) throw stopped;
      if (this.#closed) throw closedError();
      throw isOutOfMemory(error) ? memoryError(name, error) : error;
    } finally {
      limits?.end();
      signal?.removeEventListener('abort', abort);
    }
  }

  #liveThread(): Thread<DocumentMethods> {
    if (this.#thread?.alive) return this.#thread;
    const { tokenizerFile, maxTokens, memoryMb } = this.#options;
    this.#thread = new Thread<DocumentMethods>(new URL('./worker.ts', import.meta.url), {
      name: 'documents',
      workerData: { tokenizerFile, maxTokens } satisfies DocumentWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    return this.#thread;
  }
}

interface Limits {
  end(): void;
}

/**
 * Watches over a document under way. The thread's own limit knows its heap only, and the buffers that a PDF's
 * streams expand to lie outside of it: they are seen in the memory of the process.
 */
function limitWork(
  name: string,
  { timeoutMs, memoryMb }: Required<DocumentReaderOptions>,
  stop: (why: BlockragError) => void,
): Limits {
  const limit = process.memoryUsage.rss() + 2 * memoryMb * 1024 * 1024;
  const timer = setTimeout(() => stop(timeoutError(name, timeoutMs)), timeoutMs);
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() > limit) stop(memoryError(name));
  }, MEMORY_CHECK_MS);
  return {
    end() {
      clearTimeout(timer);
      clearInterval(watch);
    },
  };
}

function isOutOfMemory(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function memoryError(name: string, cause?: unknown): BlockragError {
  const message = `${name} needs more memory than one document may take: split the document.`;
  return new BlockragError('document_too_complex', message, { cause });
}

function timeoutError(name: string, timeoutMs: number): BlockragError {
  const message = `${name} could not be read within ${timeoutMs} ms: split the document.`;
  return new BlockragError('document_timeout', message, { data: { timeoutMs } });
}

function cancelledError(): BlockragError {
  return new BlockragError('cancelled', 'The request was cancelled.');
}

function closedError(): BlockragError {
  return new BlockragError('shutting_down', 'Documents are no longer read: the program is shutting down.');
}
