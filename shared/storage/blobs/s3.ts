import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Gate } from '../../gate.ts';
import type { BlobEntry, BlobStore } from '../ports.ts';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_MAX_ATTEMPTS,
  openS3Client,
  type S3ClientOptions,
} from '../s3/client.ts';
import { attemptsOf, BrokenRead, s3Failure, statusOf } from '../s3/failure.ts';
import { retrying } from '../s3/retry.ts';
import { checkedKey } from './keys.ts';
import { readObject, sha256 } from './s3-read.ts';

/**
 * Ends the name of every object. No key has it, so "a" and "a/b" can both be objects where a server keeps them
 * as files, too; it sorts before all that a key may hold, so the names sort as the keys do.
 */
const OBJECT = '!';

/** Which bucket, which part of it, and how S3 is reached. */
export interface S3BlobStoreOptions extends S3ClientOptions {
  bucket: string;
  /** The folder of the bucket that is the store; all of it by default. */
  prefix?: string;
  /** A client to use instead of one's own; `concurrency` and `maxAttempts` should be what it was made with. */
  client?: S3Client;
}

/** Blobs as objects of S3, `<prefix>/<key>!`, encrypted as the bucket's default says. */
class S3BlobStore implements BlobStore {
  #client: S3Client;
  #ownsClient: boolean;
  #bucket: string;
  /** '' or ends in "/". */
  #prefix: string;
  #attempts: number;
  #gate: Gate;

  constructor(options: S3BlobStoreOptions) {
    this.#client = options.client ?? openS3Client(options);
    this.#ownsClient = options.client === undefined;
    this.#bucket = options.bucket;
    this.#prefix = folderOf(options.prefix ?? '');
    this.#attempts = options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    this.#gate = new Gate(options.concurrency ?? DEFAULT_CONCURRENCY);
  }

  async put(key: string, bytes: Uint8Array, options: { replace?: boolean } = {}): Promise<boolean> {
    const Key = this.#nameOf(key);
    const writer = randomUUID();
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key,
      Body: bytes,
      ChecksumSHA256: sha256(bytes),
      Metadata: { writer },
      ...(options.replace === true ? {} : { IfNoneMatch: '*' }),
    });
    let sent = 0;
    try {
      await this.#gate.run(() =>
        // 409: another conditional write of the same key is in flight.
        retrying(this.#attempts, isConflict, () =>
          this.#client.send(command).catch((error: unknown) => {
            sent += attemptsOf(error);
            throw error;
          }),
        ),
      );
      return true;
    } catch (error) {
      if (statusOf(error) !== 412) throw this.#failure(error, `store the blob ${key}`);
      // Our first try may have stored it, with the answer lost on the way.
      return sent > 1 && (await this.#head(key))?.Metadata?.writer === writer;
    }
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const name = this.#nameOf(key);
    const request = { client: this.#client, gate: this.#gate, bucket: this.#bucket, name };
    try {
      return await retrying(this.#attempts, isBroken, () => readObject(request));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#failure(error, `read the blob ${key}`);
    }
  }

  async has(key: string): Promise<boolean> {
    return (await this.#head(key)) !== undefined;
  }

  /** Of several at once, each may be answered with true: S3 does not tell whether there was an object. */
  async delete(key: string): Promise<boolean> {
    if (!(await this.has(key))) return false;
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#nameOf(key) });
    try {
      await this.#gate.run(() => this.#client.send(command));
      return true;
    } catch (error) {
      throw this.#failure(error, `delete the blob ${key}`);
    }
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    const Prefix = this.#prefix + folderOf(prefix);
    try {
      const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix });
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified } of Contents) {
          // Not ours: somebody else's object, or a console's mark of a folder.
          if (!Key.endsWith(OBJECT)) continue;
          const key = Key.slice(this.#prefix.length, -OBJECT.length);
          yield { key, bytes: Size, modified: LastModified?.getTime() ?? 0 };
        }
      }
    } catch (error) {
      throw this.#failure(error, 'list the blobs');
    }
  }

  async close(): Promise<void> {
    if (this.#ownsClient) this.#client.destroy();
  }

  async #head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#nameOf(key) });
    try {
      return await this.#gate.run(() => this.#client.send(command));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#failure(error, `look for the blob ${key}`);
    }
  }

  #nameOf(key: string): string {
    return this.#prefix + checkedKey(key) + OBJECT;
  }

  #failure(error: unknown, action: string): Error {
    return s3Failure(error, action, this.#bucket);
  }
}

const isBroken = (error: unknown) => error instanceof BrokenRead;
const isConflict = (error: unknown) => statusOf(error) === 409;

/** A missing bucket is an error; only to a HEAD S3 does not tell it from a missing object. */
function isMissing(error: unknown): boolean {
  const { name } = Object(error);
  return name === 'NoSuchKey' || name === 'NotFound';
}

/** A whole-segment path as the beginning of names: '' or ending in "/". */
function folderOf(path: string): string {
  return path === '' ? '' : `${checkedKey(path)}/`;
}

/**
 * Opens a blob store in a bucket, which must exist. Nothing is asked of S3 yet. The errors of all calls are
 * `storage_failed` that says what to do; data.code is S3's own code.
 * @throws BlockragError `invalid_request` when the prefix is not a path of [A-Za-z0-9._-] segments
 */
export function openS3BlobStore(options: S3BlobStoreOptions): BlobStore {
  return new S3BlobStore(options);
}
