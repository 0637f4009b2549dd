/** An object of S3 read into memory of its own, each byte copied once. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { Gate } from '../../gate.ts';
import { BrokenRead, statusOf } from '../s3/failure.ts';

/** AWS recommends ranges of 8 to 16 MB. */
const PART_BYTES = 8 << 20;

/** An object, and what it is read with. */
export interface ReadRequest {
  client: S3Client;
  /** Entered for each request, until its body is read. */
  gate: Gate;
  bucket: string;
  name: string;
}

/**
 * Reads an object once. The first request asks for all of it, so that a small object takes one, and one that
 * can be checked: S3 tells the checksum of whole objects only. Of a large object it takes the first 8 MiB; the
 * others are read beside each other, all of the same version, and the checksum is taken over the whole.
 *
 * @throws BrokenRead when another read may succeed; errors of the SDK, which has tried again already
 */
export async function readObject(request: ReadRequest): Promise<Uint8Array<ArrayBuffer>> {
  const { client, gate, bucket, name } = request;
  const { bytes, etag, checksum } = await gate.run(async () => {
    const get = new GetObjectCommand({ Bucket: bucket, Key: name, ChecksumMode: 'ENABLED' });
    const answer = await client.send(get);
    const bytes = new Uint8Array(new ArrayBuffer(lengthOf(answer)));
    await fill(bytes.subarray(0, PART_BYTES), answer);
    return { bytes, etag: answer.ETag, checksum: answer.ChecksumSHA256 };
  });
  if (bytes.length > PART_BYTES) {
    if (etag === undefined) throw new Error('the server tells no ETag, so parts cannot be told apart');
    await readParts(request, bytes, etag);
    // A body that was not read to its end has not been checked by the SDK.
    if (checksum !== undefined && checksum !== sha256(bytes)) throw new BrokenRead('its checksum is wrong');
  }
  return bytes;
}

/** Base64, as S3 writes it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** Reads what follows the first part. The first error stops all. */
async function readParts(request: ReadRequest, bytes: Uint8Array, etag: string): Promise<void> {
  const stop = new AbortController();
  const parts: Promise<void>[] = [];
  for (let start = PART_BYTES; start < bytes.length; start += PART_BYTES) {
    const end = Math.min(start + PART_BYTES, bytes.length);
    parts.push(
      request.gate.run(() => readPart(request, bytes, { start, end, etag }, stop.signal), stop.signal),
    );
  }
  try {
    await Promise.all(parts);
  } finally {
    stop.abort();
  }
}

async function readPart(
  { client, bucket, name }: ReadRequest,
  bytes: Uint8Array,
  { start, end, etag }: { start: number; end: number; etag: string },
  abortSignal: AbortSignal,
): Promise<void> {
  const range = `${start}-${end - 1}`;
  const get = new GetObjectCommand({ Bucket: bucket, Key: name, IfMatch: etag, Range: `bytes=${range}` });
  const answer = await client.send(get, { abortSignal }).catch((error: unknown) => {
    throw statusOf(error) === 412 ? new BrokenRead('it was replaced meanwhile', { cause: error }) : error;
  });
  // A server that ignores ranges would send the beginning.
  if (answer.ContentRange !== `bytes ${range}/${bytes.length}`) {
    (answer.Body as Readable).destroy();
    throw new BrokenRead(`the bytes ${range} were asked for, and ${answer.ContentRange ?? 'all'} came`);
  }
  await fill(bytes.subarray(start, end), answer);
}

function lengthOf(answer: GetObjectCommandOutput): number {
  if (answer.ContentLength !== undefined) return answer.ContentLength;
  (answer.Body as Readable).destroy();
  throw new BrokenRead('the server does not tell its length');
}

/**
 * Copies a body into place as it comes, and gives the connection back or, if more comes, closes it. By events:
 * a stream that is iterated over joins the chunks that wait, which is one more copy.
 */
function fill(target: Uint8Array, answer: GetObjectCommandOutput): Promise<void> {
  const body = answer.Body as Readable;
  return new Promise((resolve, reject) => {
    let filled = 0;
    const broken = (why: string, cause?: unknown) => reject(new BrokenRead(why, { cause }));
    body.on('data', (chunk: Uint8Array) => {
      const free = target.length - filled;
      target.set(chunk.length > free ? chunk.subarray(0, free) : chunk, filled);
      filled += Math.min(chunk.length, free);
      if (chunk.length > free) {
        resolve();
        body.destroy();
      }
    });
    body.once('end', () => {
      if (filled === target.length) resolve();
      else broken(`it ended at ${filled} of ${target.length} bytes`);
    });
    // The network's errors, and the SDK's "Checksum mismatch".
    body.once('error', (error) => broken(error.message, error));
    body.once('close', () => broken(`the connection closed at ${filled} of ${target.length} bytes`));
  });
}
