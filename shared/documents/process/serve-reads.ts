/** The side of the reading process: takes a document at a time, and ends when it should. */
import { Worker } from 'node:worker_threads';
import { toBlockragError } from '../../errors.ts';
import type { ReadDocument, ReadProgress } from '../types.ts';
import { MEMORY_VARIABLE, OUT_OF_MEMORY, type ReadReply, type ReadRequest } from './protocol.ts';

const CHECK_MS = 50;

/** What a reader gets beside the document. */
export interface ReadContext {
  /** Called once the document's own time begins. */
  started(): void;
  progress(progress: ReadProgress): void;
}

/** Serves the parent of this process until that ends. */
export function serveReads(
  read: (bytes: Uint8Array, request: ReadRequest, context: ReadContext) => Promise<ReadDocument>,
): void {
  watch();
  const send = (reply: ReadReply) => process.send?.(reply);
  process.stdin.pause();
  process.on('disconnect', () => process.exit());
  process.on('message', async (request: ReadRequest) => {
    try {
      const document = await read(await receive(request.size), request, {
        started: () => send({ kind: 'started' }),
        progress: (progress) => send({ kind: 'progress', ...progress }),
      });
      send({ kind: 'result', document, rss: process.memoryUsage.rss() });
    } catch (thrown) {
      const { code, message, data } = toBlockragError(thrown);
      send({ kind: 'error', code, message, data, stack: (thrown as Error | undefined)?.stack });
    }
  });
}

function receive(size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  return new Promise((resolve) => {
    const { stdin } = process;
    const take = (chunk: Buffer) => {
      bytes.set(chunk, filled);
      filled += chunk.length;
      if (filled === size) end();
    };
    const end = () => {
      stdin.off('data', take);
      stdin.pause();
      resolve(bytes);
    };
    if (size === 0) return end();
    stdin.on('data', take);
    stdin.resume();
  });
}

/**
 * Parsing may keep the main thread busy for long, or for ever: another one looks whether the parent lives and how
 * much memory the whole process takes, native libraries included. It has no other way than to end the process.
 */
function watch(): void {
  const code = `
    const { workerData } = require('node:worker_threads');
    const { writeSync } = require('node:fs');
    const end = () => process.kill(process.pid, 'SIGKILL');
    setInterval(() => {
      if (process.ppid !== workerData.parent) end();
      if (process.memoryUsage.rss() > workerData.limit) {
        writeSync(2, workerData.message);
        end();
      }
    }, ${CHECK_MS});`;
  const limit = process.memoryUsage.rss() + Number(process.env[MEMORY_VARIABLE]);
  new Worker(code, {
    eval: true,
    execArgv: [],
    workerData: { parent: process.ppid, limit, message: OUT_OF_MEMORY },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  }).unref();
}
