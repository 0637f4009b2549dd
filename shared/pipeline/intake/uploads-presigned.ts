/** Uploads that go straight to the documents bucket by a presigned URL. The bucket's events do the rest (follow.ts). */
import { randomBytes } from 'node:crypto';
import { BlockragError } from '../../errors.ts';
import type { DocumentSource } from '../../storage/ports.ts';
import { checkMetadata } from '../metadata.ts';
import { checkedSourceKey } from './source-name.ts';
import { checkUpload, type NewUpload, type Uploads, type UploadTicket } from './uploads.ts';

export class PresignedUploads implements Uploads {
  #source: DocumentSource;
  #maxBytes: number;

  constructor(source: DocumentSource, options: { maxBytes: number }) {
    this.#source = source;
    this.#maxBytes = options.maxBytes;
  }

  async create(upload: NewUpload): Promise<UploadTicket> {
    const seconds = checkUpload(upload, this.#maxBytes);
    const { mediaType, bytes, sha256 } = upload;
    if (bytes === undefined) {
      throw new BlockragError('invalid_request', 'Say in "bytes" how large the upload is: it is signed.');
    }
    const metadata = checkMetadata(upload.metadata ?? {});
    const expires = Date.now() + seconds * 1000;
    const { url, headers } = await this.#source.uploadUrl(checkedSourceKey(upload), {
      mediaType,
      bytes,
      sha256,
      metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
      seconds,
    });
    return { id: `upl_${randomBytes(16).toString('hex')}`, method: 'PUT', url, headers, expires };
  }

  async announced(): Promise<never> {
    return this.receive();
  }

  async receive(): Promise<never> {
    throw new BlockragError('not_found', 'Uploads go to the URL that was given, not here.');
  }
}
