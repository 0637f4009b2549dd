/** Reads the body of a request piece by piece, within bounds of size and of patience. */
import type { Context } from 'hono';
import type { Config } from '../../config.ts';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';

/** Room for names, quotes and boundaries beside a document. */
const OVERHEAD = 64 * 1024;
/** A sender that sends nothing for so long is not waited for. */
const SILENCE_MS = 20_000;

/** How large a body may be. */
export interface BodyLimit {
  code: 'document_too_large' | 'request_too_large';
  bytes: number;
}

/** The limit of a body with documents in it, where it may be less than that of documents. */
export function ofDocuments({
  maxDocumentBytes,
  maxBodyBytes = Number.POSITIVE_INFINITY,
}: Pick<Config, 'maxDocumentBytes' | 'maxBodyBytes'>): BodyLimit {
  const document = ofDocument(maxDocumentBytes);
  return maxBodyBytes < document.bytes ? { code: 'request_too_large', bytes: maxBodyBytes } : document;
}

/** The limit of a body that is one document, or has a document in it. */
export function ofDocument(maxDocumentBytes: number): BodyLimit {
  return { code: 'document_too_large', bytes: maxDocumentBytes + OVERHEAD };
}

/**
 * The pieces of a body, as they come; no more is read than is asked for.
 * @throws BlockragError the limit's code, `request_too_slow`, `cancelled` when the client leaves
 */
export async function* chunksOf(c: Context<ApiEnv>, limit: BodyLimit): AsyncGenerator<Uint8Array> {
  // Before the body is touched: only then the server reads what is still sent of it, and the client may use the
  // connection again.
  if (Number(c.req.header('content-length')) > limit.bytes) throw tooLarge(limit);
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return;
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await next(reader);
      if (done) return;
      size += value.length;
      if (size > limit.bytes) throw tooLarge(limit);
      yield value;
    }
  } finally {
    // Until the server ends the connection: one whose body was read whole may be used again.
    void discard(reader);
  }
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client has left.
  }
}

/** A whole body. @throws BlockragError as `chunksOf` */
export async function readBody(c: Context<ApiEnv>, limit: BodyLimit): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(c, limit)) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>) {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const message = `Nothing of the body came for ${SILENCE_MS / 1000} s: send it without pauses.`;
    timer = setTimeout(() => reject(new BlockragError('request_too_slow', message)), SILENCE_MS);
  });
  try {
    const read = reader.read().catch((cause: unknown) => {
      throw new BlockragError('cancelled', 'The client left before it had sent the whole body.', { cause });
    });
    return await Promise.race([read, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge({ code, bytes }: BodyLimit): BlockragError {
  const message = `The request is larger than ${bytes} bytes. Large documents go to the URL that POST /v1/uploads gives.`;
  return new BlockragError(code, message, { data: { max: bytes } });
}
