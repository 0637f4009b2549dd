/** The documents stage: a file's bytes in, its passages out. */
import { BlockragError } from '../errors.ts';
import { Gate, GroupGates } from '../gate.ts';
import type { DocumentSource } from './kinds/detect.ts';
import { DEFAULT_MAX_TOKENS } from './passages/split.ts';
import { ProcessDeath, ReadingProcess } from './process/reading-process.ts';
import type { OcrOptions, ReadDocument, ReadProgress } from './types.ts';

export type { DocumentSource } from './kinds/detect.ts';
export type { Passage, ReadDocument, ReadProgress } from './types.ts';

/** Documents that are read at once, each of another tenant. */
const PROCESSES = 2;
/** A process without work is ended after this long. */
const IDLE_MS = 60_000;
/** Milliseconds that reading may go on without progress, where nothing else is asked for. */
export const READ_TIMEOUT_MS = 120_000;

/** How documents are read, and how much one may cost. */
export interface DocumentReaderOptions {
  /** The model's tokenizer.json. */
  tokenizerFile: string;
  /** Tokens of a passage at most, title line included; 256 unless told. */
  maxTokens?: number;
  /** Recognises the text of pages that are pictures; they are left out unless told. */
  ocr?: OcrOptions | undefined;
  /** Milliseconds for one document, and again for each page that is recognised; two minutes unless told. */
  timeoutMs?: number;
  /** V8's heap in MiB; 1024 unless told. With native libraries and buffers a document may take twice as much. */
  memoryMb?: number;
  /** Bytes of one document; 100 MiB unless told. */
  maxBytes?: number;
  /** The module that the process runs: one that calls `serveReads`. */
  worker?: URL;
}

interface Task {
  bytes: Uint8Array;
  source: DocumentSource;
  signal: AbortSignal | undefined;
  onProgress: ((progress: ReadProgress) => void) | undefined;
}

/**
 * Reads documents in processes of their own with limits of time and memory: one at a time of each tenant, two in all,
 * and the second process is there only while tenants meet. A process that dies is replaced: it is the document that
 * fails.
 *
 * @example
 * const reader = new DocumentReader({ tokenizerFile })
 * const { title, passages } = await reader.read(bytes, { name: 'guide.pdf' })
 */
export class DocumentReader {
  #options: Required<DocumentReaderOptions>;
  /** What ends an idle one in the end; undefined while it reads. */
  #processes = new Map<ReadingProcess, NodeJS.Timeout | undefined>();
  #tenants = new GroupGates();
  #places = new Gate(PROCESSES);
  #closed = false;

  constructor(options: DocumentReaderOptions) {
    this.#options = {
      maxTokens: DEFAULT_MAX_TOKENS,
      ocr: undefined,
      timeoutMs: READ_TIMEOUT_MS,
      memoryMb: 1024,
      maxBytes: 100 * 1024 * 1024,
      worker: new URL('./worker.ts', import.meta.url),
      ...options,
    };
  }

  /**
   * Parses and splits a document. Its bytes must not change until then.
   * @param onProgress told of pages that are recognised
   * @param tenant whose it is: tenants take turns
   *
   * @throws BlockragError as `parseDocument`, and `document_too_large`, `document_timeout`,
   * `document_too_complex` (out of memory), `document_parser_crashed`, `cancelled`, `shutting_down`
   */
  async read(
    bytes: Uint8Array,
    source: DocumentSource,
    signal?: AbortSignal,
    onProgress?: (progress: ReadProgress) => void,
    tenant = '',
  ): Promise<ReadDocument> {
    const { maxBytes } = this.#options;
    if (bytes.length > maxBytes) {
      throw new BlockragError(
        'document_too_large',
        `${source.name} has ${bytes.length} bytes; at most ${maxBytes} are read: split the document.`,
        { data: { bytes: bytes.length, maxBytes } },
      );
    }
    const task = { bytes, source: { name: source.name, mediaType: source.mediaType }, signal, onProgress };
    const read = () => this.#places.run(() => this.#readNow(task), signal, tenant);
    return this.#tenants.run(tenant, read, signal);
  }

  /** Ends the processes; what is under way or waits rejects with `shutting_down`. */
  async dispose(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#processes.keys()].map((process) => this.#end(process)));
  }

  async #readNow(task: Task): Promise<ReadDocument> {
    for (;;) {
      if (this.#closed) throw closedError();
      if (task.signal?.aborted) throw cancelledError();
      const process = this.#takeProcess();
      try {
        return await this.#readIn(process, task);
      } catch (error) {
        if (!(error instanceof ProcessDeath)) throw error;
        if (this.#closed) throw closedError();
        // One that has read others may have been damaged by them: the document gets a new one.
        if (process.reads === 1) throw deathError(task.source.name, error);
      }
    }
  }

  async #readIn(process: ReadingProcess, task: Task): Promise<ReadDocument> {
    const { bytes, source, signal, onProgress } = task;
    const { timeoutMs, tokenizerFile, maxTokens, ocr } = this.#options;
    let stopped: BlockragError | undefined;
    // Parsing does not yield: the only way to stop it is to end its process.
    const stop = (why: BlockragError) => {
      stopped ??= why;
      void process.kill();
    };
    const abort = () => stop(cancelledError());
    signal?.addEventListener('abort', abort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const startTime = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop(timeoutError(source.name, timeoutMs)), timeoutMs);
    };
    try {
      return await process.read(bytes, source, { tokenizerFile, maxTokens, ocr }, (progress) => {
        startTime();
        if (progress !== undefined) onProgress?.(progress);
      });
    } catch (error) {
      throw stopped ?? error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      if (!process.alive) this.#processes.delete(process);
      else this.#processes.set(process, setTimeout(() => void this.#end(process), IDLE_MS).unref());
    }
  }

  /** An idle process, or a new one. */
  #takeProcess(): ReadingProcess {
    for (const [process, idle] of this.#processes) {
      if (idle === undefined) continue;
      clearTimeout(idle);
      if (!process.alive) {
        this.#processes.delete(process);
        continue;
      }
      this.#processes.set(process, undefined);
      return process;
    }
    const process = new ReadingProcess(this.#options.worker, this.#options.memoryMb);
    this.#processes.set(process, undefined);
    return process;
  }

  async #end(process: ReadingProcess): Promise<void> {
    clearTimeout(this.#processes.get(process));
    this.#processes.delete(process);
    await process.kill();
  }
}

function deathError(name: string, death: ProcessDeath): BlockragError {
  if (death.outOfMemory) {
    const message = `${name} needs more memory than one document may take: split the document.`;
    return new BlockragError('document_too_complex', message, { cause: death });
  }
  if (!death.started) return new BlockragError('worker_died', `${death.message}.`, { cause: death });
  const message = `${name} made the process that reads it end with ${death.how}: save it anew or convert it, and upload it again.`;
  return new BlockragError('document_parser_crashed', message, { cause: death, data: { how: death.how } });
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
