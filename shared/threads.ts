/**
 * The one protocol between the main thread and its workers (inference, embeddings): typed calls
 * with a result, events on the way, cancellation, and transfer of buffers instead of copies.
 */
import { isMainThread, parentPort, type Transferable, Worker, type WorkerOptions } from 'node:worker_threads';
import { BlockragError, type ErrorCode, type ErrorData, toBlockragError } from './errors.ts';

/** What a worker offers: method name -> handler type. */
export type Methods = Record<string, { args: unknown; result: unknown; event?: unknown }>;

interface CallMessage {
  kind: 'call';
  id: number;
  method: string;
  args: unknown;
}
interface CancelMessage {
  kind: 'cancel';
  id: number;
}
type Reply =
  | { kind: 'event'; id: number; event: unknown }
  | { kind: 'result'; id: number; result: unknown }
  | {
      kind: 'error';
      id: number;
      code: ErrorCode;
      message: string;
      data: ErrorData;
      stack: string | undefined;
    };

/** A result with the buffers in it that move to the other side instead of being copied. */
export class Transfer<T> {
  readonly value: T;
  readonly buffers: readonly Transferable[];

  constructor(value: T, buffers: readonly Transferable[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** What a handler gets in addition to its arguments. */
export interface CallContext<E> {
  readonly signal: AbortSignal;
  emit(event: E, buffers?: readonly Transferable[]): void;
}

export type Handlers<M extends Methods> = {
  [K in keyof M]: (
    args: M[K]['args'],
    context: CallContext<M[K]['event']>,
  ) => Promise<M[K]['result'] | Transfer<M[K]['result']>>;
};

/**
 * Serves calls inside a worker thread until the thread ends.
 *
 * @example serve<DocumentMethods>({ parse: async (args, { signal }) => ... })
 */
export function serve<M extends Methods>(handlers: Handlers<M>): void {
  const port = parentPort;
  if (isMainThread || port === null) throw new Error('serve() runs in a worker thread');
  const running = new Map<number, AbortController>();
  port.on('message', async (message: CallMessage | CancelMessage) => {
    if (message.kind === 'cancel') {
      running.get(message.id)?.abort();
      return;
    }
    const { id, method, args } = message;
    const controller = new AbortController();
    running.set(id, controller);
    const post = (reply: Reply, buffers: readonly Transferable[] = []) =>
      port.postMessage(reply, [...buffers]);
    try {
      const handler = handlers[method];
      if (handler === undefined) throw new Error(`this thread has no method ${method}`);
      const result = await handler(args as never, {
        signal: controller.signal,
        emit: (event, buffers) => post({ kind: 'event', id, event }, buffers),
      });
      if (result instanceof Transfer) post({ kind: 'result', id, result: result.value }, result.buffers);
      else post({ kind: 'result', id, result });
    } catch (thrown) {
      const error = toBlockragError(thrown);
      const stack = (thrown as Error | undefined)?.stack;
      post({ kind: 'error', id, code: error.code, message: error.message, data: error.data, stack });
    } finally {
      running.delete(id);
    }
  });
}

/** How one call runs. */
export interface CallOptions<E> {
  signal?: AbortSignal | undefined;
  onEvent?: (event: E) => void;
  transfer?: readonly Transferable[];
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onEvent: ((event: never) => void) | undefined;
}

/**
 * A worker thread and the calls under way in it. A thread that dies (out of memory, terminated) rejects all
 * of them with `worker_died`; it is not restarted here.
 *
 * @example const documents = new Thread<DocumentMethods>(new URL('./worker.ts', import.meta.url))
 */
export class Thread<M extends Methods> {
  #worker: Worker;
  #pending = new Map<number, Pending>();
  #nextId = 1;
  #death: BlockragError | undefined;

  constructor(module: URL, options: Pick<WorkerOptions, 'workerData' | 'resourceLimits' | 'name'> = {}) {
    this.#worker = new Worker(entry(module), options);
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#die(error.message, error));
    this.#worker.on('exit', (code) => this.#die(`it exited with ${code}`));
    this.#worker.unref();
  }

  /** False once the thread has ended: start another. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  /** Calls a method. An aborted signal rejects with `cancelled` as soon as the thread has let go of the work. */
  call<K extends keyof M & string>(
    method: K,
    args: M[K]['args'],
    options: CallOptions<M[K]['event']> = {},
  ): Promise<M[K]['result']> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(new BlockragError('cancelled', 'The request was cancelled.'));
    const id = this.#nextId++;
    const cancel = () => this.#worker.postMessage({ kind: 'cancel', id } satisfies CancelMessage);
    return new Promise<M[K]['result']>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, onEvent: options.onEvent });
      this.#worker.ref();
      signal?.addEventListener('abort', cancel, { once: true });
      const message: CallMessage = { kind: 'call', id, method, args };
      this.#worker.postMessage(message, [...(options.transfer ?? [])]);
    }).finally(() => {
      signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
      if (this.#pending.size === 0 && this.alive) this.#worker.unref();
    });
  }

  /** Ends the thread at once; what is under way rejects. */
  async dispose(): Promise<void> {
    this.#die('it was closed');
    // Without it the process may end (with code 13) while it waits here for a thread in the middle of its work.
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    if (reply.kind === 'event') pending.onEvent?.(reply.event as never);
    else if (reply.kind === 'result') pending.resolve(reply.result);
    else {
      const error = new BlockragError(reply.code, reply.message, { data: reply.data });
      if (reply.stack !== undefined) error.stack = reply.stack;
      pending.reject(error);
    }
  }

  #die(why: string, cause?: unknown): void {
    this.#death ??= new BlockragError('worker_died', `A worker thread ended: ${why}.`, { cause });
    for (const pending of this.#pending.values()) pending.reject(this.#death);
    this.#pending.clear();
  }
}

/**
 * A thread that is started when it is first needed, and anew where it has died.
 *
 * @example
 * const documents = new LazyThread(
 *   () => new Thread<DocumentMethods>(new URL('./worker.ts', import.meta.url)),
 *   () => new BlockragError('shutting_down', 'The reader is closed.'),
 * );
 * await documents.alive().call('read', args);
 */
export class LazyThread<M extends Methods> {
  #start: () => Thread<M>;
  #closed: () => BlockragError;
  #thread: Thread<M> | undefined;
  #disposed = false;
  #loading: Promise<unknown> = Promise.resolve();

  /** @param closed what is thrown after dispose() */
  constructor(start: () => Thread<M>, closed: () => BlockragError) {
    this.#start = start;
    this.#closed = closed;
  }

  /** The thread. @throws BlockragError `closed` after dispose() */
  alive(): Thread<M> {
    this.throwIfDisposed();
    if (!this.#thread?.alive) this.#thread = this.#start();
    return this.#thread;
  }

  throwIfDisposed(): void {
    if (this.#disposed) throw this.#closed();
  }

  /** Runs a first call for which the thread loads a model. @throws BlockragError as `alive`, and what the call throws */
  async load(call: () => Promise<unknown>): Promise<void> {
    this.throwIfDisposed();
    const loading = call();
    this.#loading = loading.catch(() => undefined);
    await loading;
  }

  /**
   * Ends the thread, after what `load` began: a thread that ends while it loads a model may take the process with it.
   * Calls under way then are rejected.
   */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#loading;
    await this.#thread?.dispose();
  }
}

/**
 * What a Worker is started with. TypeScript runs through tsx here as everywhere, but a loader named in execArgv
 * does not reach a worker's entry module on Node 20: a first module registers it and imports the real one.
 */
function entry(module: URL): URL {
  if (!module.pathname.endsWith('.ts')) return module;
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const code = `import { register } from ${tsx}; register(); await import(${JSON.stringify(module.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
