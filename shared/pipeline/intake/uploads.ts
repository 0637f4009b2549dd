/**
 * Uploads whose bytes arrive later, at a one-time URL.
 *
 * partition  sort  row
 * uploads    ID    what is to come, the hash of its token, when it expires
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';
import type { Table } from '../../storage/ports.ts';
import { deleteUnchanged } from '../../storage/table/conflicts.ts';
import { rowsOf } from '../../storage/table/rows.ts';
import { checkMetadata } from '../metadata.ts';
import { withIdempotency } from './idempotency.ts';
import { type SubmitServices, type SubmittedRow, sha256InTurns, submitDocument } from './submit.ts';

export interface NewUpload {
  tenant: string;
  collection: string;
  name: string;
  mediaType: string | undefined;
  metadata?: Metadata | undefined;
  /** What the bytes must be: their number, and their SHA-256 in hex. */
  bytes?: number | undefined;
  sha256?: string | undefined;
  /** Seconds; default 900, at most a day. */
  expiresIn?: number | undefined;
}

/** How to send the bytes: in one request, once. */
export interface UploadTicket {
  id: string;
  method: 'PUT';
  /** Where a store takes them itself; else the API does, for the token. */
  url?: string;
  token?: string;
  /** To be sent with the bytes, as they are signed. */
  headers?: Record<string, string>;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** What is known of an upload before its bytes come. */
export interface Announced {
  tenant: string;
  /** Null: any number. */
  bytes: number | null;
}

/** Where uploads go: to this process, or straight to a store by a presigned URL. */
export interface Uploads {
  /** @throws BlockragError `document_too_large`, `invalid_request` */
  create(upload: NewUpload): Promise<UploadTicket>;
  /**
   * Whose upload it is and what was announced: to be asked before a byte is read.
   * @throws BlockragError `not_found` for an unknown or expired id, or a wrong token; always elsewhere
   */
  announced(id: string, token: string): Promise<Announced>;
  /** Takes the bytes of an upload, where this process takes them itself. @throws BlockragError `not_found` elsewhere */
  receive(id: string, token: string, bytes: Uint8Array): Promise<SubmittedRow>;
}

/** A row as it is stored. */
type Stored = {
  tenant: string;
  collection: string;
  name: string;
  mediaType: string | null;
  metadata: Metadata;
  bytes: number | null;
  sha256: string | null;
  /** SHA-256 of the token, in hex. */
  token: string;
  expires: number;
};

const PARTITION = 'uploads';
const DEFAULT_SECONDS = 900;
const MAX_SECONDS = 86_400;

/** Uploads that this process takes itself; only the hash of a token is stored. */
export class LocalUploads implements Uploads {
  #services: SubmitServices;
  #now: () => number;

  /** @param options.now the clock, milliseconds since the epoch */
  constructor(services: SubmitServices, { now = Date.now }: { now?: () => number } = {}) {
    this.#services = services;
    this.#now = now;
  }

  async create(upload: NewUpload): Promise<UploadTicket> {
    const { catalog, maxDocumentBytes } = this.#services;
    const seconds = checkUpload(upload, maxDocumentBytes);
    const { tenant, collection, name, mediaType, metadata = {}, bytes, sha256 } = upload;
    const id = `upl_${randomBytes(16).toString('hex')}`;
    const token = randomBytes(32).toString('base64url');
    const expires = Math.floor(this.#now() + seconds * 1000);
    const data: Stored = {
      tenant,
      collection,
      name,
      mediaType: mediaType ?? null,
      metadata: checkMetadata(metadata),
      bytes: bytes ?? null,
      sha256: sha256?.toLowerCase() ?? null,
      token: hash(token),
      expires,
    };
    await catalog.table.write([{ put: { partition: PARTITION, sort: id, data }, condition: 'absent' }]);
    return { id, method: 'PUT', token, expires };
  }

  async announced(id: string, token: string): Promise<Stored> {
    const row = await this.#services.catalog.table.get(PARTITION, id);
    const upload = row?.data as Stored | undefined;
    if (upload !== undefined && sameHash(upload.token, token) && upload.expires > this.#now()) return upload;
    throw new BlockragError('not_found', 'There is no such upload: it is unknown or has expired.');
  }

  /**
   * Takes the bytes of an upload and submits the document; durable when it resolves. An attempt that fails may be
   * repeated, one that succeeded may not.
   * @throws BlockragError `not_found` for an unknown or expired id, or a wrong token; `conflict` when the upload
   *   was used or is being received; `invalid_request` for other bytes than announced; those of `submitDocument`
   */
  async receive(id: string, token: string, bytes: Uint8Array): Promise<SubmittedRow> {
    const { table } = this.#services.catalog;
    const upload = await this.announced(id, token);
    await checkBytes(upload, bytes);
    let row: SubmittedRow | undefined;
    // No tenant has a colon in its name: clients' keys are others.
    const request = { tenant: `upload:${upload.tenant}`, key: id, fingerprint: id };
    await withIdempotency(table, request, async () => {
      const { mediaType, ...document } = upload;
      row = await submitDocument(this.#services, { ...document, mediaType: mediaType ?? undefined, bytes });
      return row.id;
    });
    if (row === undefined) throw new BlockragError('conflict', 'This upload was used: make a new one.');
    return row;
  }
}

/** The seconds until an upload expires. @throws BlockragError `document_too_large`, `invalid_request` */
export function checkUpload({ name, bytes, expiresIn }: NewUpload, maxBytes: number): number {
  if (bytes !== undefined && bytes > maxBytes) {
    throw new BlockragError(
      'document_too_large',
      `${name} is to have ${bytes} bytes; at most ${maxBytes} are read: split the document.`,
    );
  }
  const seconds = expiresIn ?? DEFAULT_SECONDS;
  if (!(seconds >= 1 && seconds <= MAX_SECONDS)) {
    throw new BlockragError('invalid_request', `An upload expires in 1 to ${MAX_SECONDS} seconds.`);
  }
  return seconds;
}

/** Removes the rows of expired uploads. */
export async function removeExpiredUploads(table: Table, now: number = Date.now()): Promise<void> {
  for await (const row of rowsOf(table, PARTITION)) {
    if ((row.data as Stored).expires <= now) await deleteUnchanged(table, row);
  }
}

async function checkBytes({ bytes: announced, sha256 }: Stored, bytes: Uint8Array): Promise<void> {
  if (announced !== null && bytes.length !== announced) {
    const message = `The upload has ${bytes.length} bytes; ${announced} were announced.`;
    throw new BlockragError('invalid_request', message);
  }
  if (sha256 !== null && (await sha256InTurns(bytes)) !== sha256) {
    throw new BlockragError('invalid_request', 'The SHA-256 of the upload is not the one announced.');
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function sameHash(stored: string, token: string): boolean {
  return timingSafeEqual(Buffer.from(stored), Buffer.from(hash(token)));
}
