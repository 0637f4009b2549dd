/** The server's side of the process that reads documents. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { BlockragError } from '../../errors.ts';
import type { DocumentSource } from '../kinds/detect.ts';
import type { ReadDocument, ReadProgress } from '../types.ts';
import { MEMORY_VARIABLE, OUT_OF_MEMORY, type ReadOptions, type ReadReply } from './protocol.ts';

const MiB = 1024 * 1024;
/** A process that has more afterwards is not kept: allocators give little back. */
const KEPT_RSS = 512 * MiB;
/** The end of what it writes to stderr says why it died. */
const MAX_STDERR = 4096;
/** What a program needs to start; anything else of the environment may be a secret. */
const VARIABLES =
  /^(?:PATH|TMPDIR|TEMP|TMP|LANG|LC_\w+|TZ|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|SystemRoot|windir)$/i;
const DIED_OF_MEMORY = new RegExp(
  `${OUT_OF_MEMORY}|heap out of memory|memory allocation of \\d+ bytes failed`,
);

/** Why a process is gone: it died by itself, in the middle of a document or before it turned to it. */
export class ProcessDeath extends Error {
  readonly outOfMemory: boolean;
  readonly started: boolean;
  /** How it ended: SIGSEGV, or an exit code. */
  readonly how: string;

  constructor(how: string, stderr: string, started: boolean) {
    super(`the process that reads documents ended with ${how}${stderr && `: ${stderr}`}`);
    this.how = how;
    this.started = started;
    this.outOfMemory = DIED_OF_MEMORY.test(stderr);
  }
}

/** One process. It is never started again: when it has died, make another one. */
export class ReadingProcess {
  #child: ChildProcess;
  #gone: Promise<void>;
  #alive = true;
  #stderr = '';
  #reads = 0;
  #fail: ((error: Error) => void) | undefined;
  #receive: ((reply: ReadReply) => void) | undefined;
  #started = false;

  /** @param memoryMb V8's heap in MiB; the whole process may take twice as much beyond its start */
  constructor(module: URL, memoryMb: number) {
    const isSource = module.pathname.endsWith('.ts');
    this.#child = fork(fileURLToPath(module), [], {
      serialization: 'advanced',
      stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
      execArgv: [
        `--max-old-space-size=${memoryMb}`,
        ...(isSource ? ['--import', import.meta.resolve('tsx')] : []),
      ],
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => VARIABLES.test(name))),
        [MEMORY_VARIABLE]: String(2 * memoryMb * MiB),
      },
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    // Written to a process that dies: the exit says it.
    this.#child.stdin!.on('error', () => {});
    this.#child.on('message', (reply: ReadReply) => this.#receive?.(reply));
    this.#gone = new Promise((resolve) => {
      const end = (how: string) => {
        this.#alive = false;
        this.#fail?.(new ProcessDeath(how, this.#stderr.trim(), this.#started));
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      // Not at `exit`: what it wrote to stderr last may come after that.
      this.#child.on('close', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    this.#hold(false);
  }

  /** False once it has ended or is about to. */
  get alive(): boolean {
    return this.#alive && this.#child.connected;
  }

  /** Documents that it has been given. */
  get reads(): number {
    return this.#reads;
  }

  /**
   * Reads a document; one at a time. The bytes must not change until then.
   * @param onLife called when the document's own time begins, and with each page that is recognised
   * @throws BlockragError of the document; ProcessDeath
   */
  async read(
    bytes: Uint8Array,
    source: DocumentSource,
    options: ReadOptions,
    onLife: (progress?: ReadProgress) => void,
  ): Promise<ReadDocument> {
    this.#reads++;
    this.#started = false;
    this.#hold(true);
    try {
      return await new Promise((resolve, reject) => {
        this.#fail = reject;
        this.#receive = (reply) => {
          if (reply.kind === 'progress') onLife({ page: reply.page, pages: reply.pages });
          else if (reply.kind === 'started') {
            this.#started = true;
            onLife();
          } else if (reply.kind === 'result') {
            if (reply.rss > KEPT_RSS) void this.kill();
            resolve(reply.document);
          } else reject(errorOf(reply));
        };
        this.#child.send({ ...options, size: bytes.length, source });
        this.#child.stdin!.write(bytes);
      });
    } finally {
      this.#fail = undefined;
      this.#receive = undefined;
      this.#hold(false);
    }
  }

  /** Ends it at once; a document under way rejects with ProcessDeath. */
  async kill(): Promise<void> {
    this.#alive = false;
    this.#hold(true);
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  /** Whether the program waits for it; an idle one must not keep it from ending. */
  #hold(held: boolean): void {
    const stderr = this.#child.stderr as Readable & { ref(): void; unref(): void };
    for (const handle of [this.#child, this.#child.channel, stderr, this.#child.stdin]) {
      const { ref, unref } = (handle ?? {}) as { ref?(): void; unref?(): void };
      (held ? ref : unref)?.call(handle);
    }
  }
}

function errorOf({ code, message, data, stack }: Extract<ReadReply, { kind: 'error' }>): BlockragError {
  const error = new BlockragError(code, message, { data });
  if (stack !== undefined) error.stack = stack;
  return error;
}
