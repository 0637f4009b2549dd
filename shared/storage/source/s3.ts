/** The bucket that users put documents into, on S3. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { DocumentSource, RowData, SourceObject } from '../ports.ts';
import { openS3Client, type S3ClientOptions } from '../s3/client.ts';
import { s3Failure, statusOf } from '../s3/failure.ts';

export interface S3DocumentOptions extends S3ClientOptions {
  bucket: string;
  /** Bytes of an object at most that are read. */
  maxBytes: number;
}

/** Name of the object metadata that hold a document's: one field, since S3 takes ASCII only. */
const METADATA = 'blockrag';

/** What S3 itself says of an object whose type is not known. */
const UNKNOWN_TYPE = 'binary/octet-stream';

/** @throws (of its methods) BlockragError `storage_failed` */
export function openS3Documents(options: S3DocumentOptions): DocumentSource {
  return new S3Documents(options);
}

class S3Documents implements DocumentSource {
  #client: S3Client;
  #bucket: string;
  #maxBytes: number;

  constructor(options: S3DocumentOptions) {
    this.#client = openS3Client(options);
    this.#bucket = options.bucket;
    this.#maxBytes = options.maxBytes;
  }

  async read(name: string): Promise<SourceObject | undefined> {
    const object = await this.#found(`read ${name}`, () =>
      this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: name })),
    );
    if (object === undefined) return undefined;
    const size = object.ContentLength ?? 0;
    const facts = {
      size,
      mediaType: object.ContentType,
      metadata: decodeMetadata(object.Metadata?.[METADATA]),
      etag: object.ETag ?? '',
    };
    if (size > this.#maxBytes) {
      // The connection is given up.
      (object.Body as { destroy?(): void } | undefined)?.destroy?.();
      return { ...facts, bytes: undefined };
    }
    try {
      return { ...facts, bytes: (await object.Body?.transformToByteArray()) ?? new Uint8Array() };
    } catch (error) {
      throw s3Failure(error, `read ${name}`, this.#bucket);
    }
  }

  async etag(name: string): Promise<string | undefined> {
    const head = await this.#found(`look at ${name}`, () =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: name })),
    );
    return head?.ETag;
  }

  async delete(name: string): Promise<void> {
    await this.#found(`delete ${name}`, () =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: name })),
    );
  }

  async uploadUrl(
    name: string,
    { mediaType, bytes, sha256, metadata, seconds }: Parameters<DocumentSource['uploadUrl']>[1],
  ) {
    const etag = await this.etag(name);
    const headers: Record<string, string> = {
      // A second use finds another object than the first one did.
      ...(etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag }),
      'content-type': mediaType ?? UNKNOWN_TYPE,
      ...(bytes === undefined ? {} : { 'content-length': String(bytes) }),
      ...(sha256 === undefined
        ? {}
        : { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') }),
      ...(metadata === undefined ? {} : { [`x-amz-meta-${METADATA}`]: encodeMetadata(metadata) }),
    };
    const put = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: name,
      ContentType: headers['content-type'],
      IfNoneMatch: headers['if-none-match'],
      IfMatch: headers['if-match'],
      ContentLength: bytes,
      ChecksumSHA256: headers['x-amz-checksum-sha256'],
      ...(metadata === undefined ? {} : { Metadata: { [METADATA]: encodeMetadata(metadata) } }),
    });
    const url = await getSignedUrl(this.#client, put, {
      expiresIn: seconds,
      signableHeaders: new Set(Object.keys(headers)),
      unhoistableHeaders: new Set(Object.keys(headers)),
    });
    return { url, headers };
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** What a request gives; undefined when there is no such object. */
  async #found<T>(action: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
      throw s3Failure(error, action, this.#bucket);
    }
  }
}

function encodeMetadata(metadata: RowData): string {
  return Buffer.from(JSON.stringify(metadata)).toString('base64url');
}

/** Undefined for what is not ours: users may put objects with any metadata. */
function decodeMetadata(text: string | undefined): RowData | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as RowData) : undefined;
  } catch {
    return undefined;
  }
}
