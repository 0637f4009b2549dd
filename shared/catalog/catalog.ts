/**
 * The catalog: documents, their passages, and which KV blobs serve them, as rows of one Table.
 *
 * partition                     sort                 row
 * data                          settings             what the data directory was made with
 * data                          scrub                deleted text may still be on the disk
 * data                          sweep                where a sweep was stopped (pipeline/sweep)
 * tenants                       TENANT               a tenant that has, or had, documents
 * collections/TENANT            HASH                 a collection: its name; HASH is the name's
 * members/TENANT/HASH           DOCUMENT             a document of that collection
 * documents/TENANT              DOCUMENT             a document
 * passages/DOCUMENT/VERSION     passage/NNNNNN       a passage (passages.ts)
 * passages/DOCUMENT/VERSION     blob/KEY             a blob that this version uses
 * passages/DOCUMENT/VERSION     batch/NNNNNN         a batch of passages that is encoded
 * kv/FIRST DIGIT                KEY                  a stored blob (blobs.ts)
 * blob/KEY                      used/DOCUMENT/VERSION  who uses it: references are rows, not counters
 * deleting/FIRST DIGIT          KEY                  a blob that is just being deleted (deletions.ts)
 */

import { Bell } from '../bell.ts';
import { isBlockragError } from '../errors.ts';
import type { Row, WriteOperation } from '../storage/ports.ts';
import { SCRUB_DUE } from './passages.ts';
import { allRows, mark, rowsOf } from './rows.ts';
import { collectionRow, hashOf, TenantCatalog, tenantRow } from './tenants.ts';

export type DocumentStatus = 'queued' | 'encoding' | 'ready' | 'failed' | 'deleting';

/** What its owner says of a document, for filters. */
export type Metadata = Record<string, string | number | boolean>;

export interface DocumentRow {
  id: string;
  tenant: string;
  collection: string;
  /** What the user calls it: a path or a file name. */
  name: string;
  title: string;
  metadata: Metadata;
  mediaType: string | null;
  bytes: number;
  sha256: string;
  /** Whether it is an object of the users' bucket, and goes with it. */
  followed?: boolean;
  status: DocumentStatus;
  /** The version that answers questions, and the one that is being made. */
  version: string | null;
  pending: string | null;
  /** Versions whose rows and blobs are still to be removed. */
  retiring: string[];
  /** Model, tokenizer, KV dtype and passage size that the ready, and the pending, version is made with. */
  fingerprint: string | null;
  pendingFingerprint: string | null;
  /** Facts of the ready version while another one is pending. */
  ready: {
    title: string;
    metadata: Metadata;
    mediaType: string | null;
    bytes: number;
    sha256: string;
    passages: number;
    tokens: number;
  } | null;
  /** Passages and tokens of the pending version, or else of the ready one; passages encoded so far. */
  passages: number;
  encoded: number;
  tokens: number;
  error: { code: string; message: string } | null;
  /** Milliseconds since the epoch. */
  created: number;
  updated: number;
}

export interface DocumentsQuery {
  collection?: string | undefined;
  /** Only the documents that this holds of. */
  matches?: ((document: DocumentRow) => boolean) | undefined;
  /** The `next` of the page before. */
  after?: string | undefined;
  limit: number;
}

/** Documents looked at for one page at most: where few match, pages are short, but come soon. */
const LOOKED_AT = 2_000;
const LOOKED_AT_ONCE = 200;

const documentsOf = (tenant: string) => `documents/${tenant}`;
const membersOf = (tenant: string, collection: string) => `members/${tenant}/${hashOf(collection)}`;

export class Catalog extends TenantCatalog {
  /** Rung when this process has changed a document. */
  readonly changed = new Bell();

  async document(tenant: string, id: string): Promise<DocumentRow | undefined> {
    return (await this.table.get(documentsOf(tenant), id))?.data as DocumentRow | undefined;
  }

  /** Documents in the order asked for, undefined where there is none. */
  async documentsById(tenant: string, ids: readonly string[]): Promise<(DocumentRow | undefined)[]> {
    const rows = await this.table.getMany(ids.map((id) => ({ partition: documentsOf(tenant), sort: id })));
    return rows.map((row) => row?.data as DocumentRow | undefined);
  }

  /**
   * A page of a tenant's documents in the order of their ids, without those being deleted. It may have fewer than
   * `limit`, or none, although there is a `next`.
   */
  async documents(
    tenant: string,
    { collection, matches, after, limit }: DocumentsQuery,
  ): Promise<{ documents: DocumentRow[]; next: string | undefined }> {
    const partition = collection === undefined ? documentsOf(tenant) : membersOf(tenant, collection);
    const documents: DocumentRow[] = [];
    let last = after;
    for (let looked = 0; looked < LOOKED_AT; ) {
      const page = await this.table.query(partition, {
        ...(last === undefined ? {} : { after: last }),
        limit: matches === undefined ? limit : LOOKED_AT_ONCE,
      });
      const rows =
        collection === undefined
          ? page.rows.map(({ data }) => data as unknown as DocumentRow)
          : await this.documentsById(
              tenant,
              page.rows.map(({ sort }) => sort),
            );
      for (const [i, document] of rows.entries()) {
        // A member's document is gone when it was deleted between the two reads.
        if (document === undefined || document.status === 'deleting') continue;
        if (matches !== undefined && !matches(document)) continue;
        documents.push(document);
        if (documents.length === limit) {
          return { documents, next: i === rows.length - 1 ? page.next : page.rows[i]!.sort };
        }
      }
      if (page.next === undefined) return { documents, next: undefined };
      last = page.next;
      looked += rows.length;
    }
    return { documents, next: last };
  }

  /** Every document of a tenant, those being deleted too, read page by page. */
  async *everyDocument(tenant: string): AsyncGenerator<DocumentRow> {
    for await (const { data } of rowsOf(this.table, documentsOf(tenant))) {
      yield data as unknown as DocumentRow;
    }
  }

  /** The same, all at once. */
  async allDocuments(tenant: string): Promise<DocumentRow[]> {
    return (await allRows(this.table, documentsOf(tenant))).map((row) => row.data as unknown as DocumentRow);
  }

  /**
   * Changes a document in one conditional write; tried again when another writer was faster.
   * @param change gives the new row, null to delete it, undefined to leave things as they are
   */
  async updateDocument(
    tenant: string,
    id: string,
    change: (document: DocumentRow | undefined) => DocumentRow | null | undefined,
  ): Promise<DocumentRow | undefined> {
    for (;;) {
      const row = await this.table.get(documentsOf(tenant), id);
      const current = row?.data as DocumentRow | undefined;
      const wanted = change(current && structuredClone(current));
      if (wanted === undefined || (wanted === null && row === undefined)) return current;
      const changed = wanted && { ...wanted, updated: Date.now() };
      try {
        const first = row === undefined && !(await this.hasTenant(tenant));
        await this.table.write([
          ...documentChange(tenant, id, row, changed),
          ...(first ? [{ put: tenantRow(tenant) }] : []),
        ]);
        this.changed.ring();
        return changed ?? undefined;
      } catch (error) {
        if (!isBlockragError(error, 'conflict')) throw error;
      }
    }
  }
}

/** A document's row with the rows that go with it: a new one has its collection, a deleted one leaves it. */
function documentChange(
  tenant: string,
  id: string,
  row: Row | undefined,
  changed: DocumentRow | null,
): WriteOperation[] {
  const partition = documentsOf(tenant);
  const condition = row === undefined ? ('absent' as const) : { revision: row.revision };
  if (changed === null) {
    const { collection } = (row?.data ?? {}) as Partial<DocumentRow>;
    const member = { partition: membersOf(tenant, collection ?? ''), sort: id };
    return [{ delete: { partition, sort: id }, condition }, { delete: member }, { put: SCRUB_DUE }];
  }
  const put = { partition, sort: id, data: { ...changed } };
  if (row !== undefined) return [{ put, condition }];
  const { collection } = changed;
  return [
    { put, condition },
    { put: mark(membersOf(tenant, collection), id) },
    { put: collectionRow(tenant, collection) },
  ];
}
