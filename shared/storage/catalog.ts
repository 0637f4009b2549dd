/**
 * The catalog: documents, their passages, and which KV blobs serve them, as rows of one Table.
 *
 * partition                     sort                 row
 * data                          settings             what the data directory was made with
 * collections/TENANT            NAME                 a collection
 * documents/TENANT              DOCUMENT             a document
 * passages/DOCUMENT/VERSION     passage/NNNNNN       a passage
 * passages/DOCUMENT/VERSION     blob/KEY             a blob that this version uses
 * passages/DOCUMENT/VERSION     batch/NNNNNN         a batch of passages that is encoded
 * blob/KEY                      state                a stored blob
 * blob/KEY                      used/DOCUMENT/VERSION  who uses it: references are rows, not counters
 */
import { BlockragError, isBlockragError } from '../errors.ts';
import type { RowData, Table, WriteOperation } from './ports.ts';

export type DocumentStatus = 'queued' | 'encoding' | 'ready' | 'failed' | 'deleting';

export interface DocumentRow {
  id: string;
  tenant: string;
  collection: string;
  /** What the user calls it: a path or a file name. */
  name: string;
  title: string;
  mediaType: string | null;
  bytes: number;
  sha256: string;
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

export interface PassageRow {
  index: number;
  title: string;
  text: string;
  page: number | null;
  tokens: Uint32Array;
  blobKey: string;
}

/** Passage id, as the index knows it. */
export interface PassageId {
  document: string;
  version: string;
  index: number;
}

export function passageId({ document, version, index }: PassageId): string {
  return `${document}/${version}/${index}`;
}

export function parsePassageId(id: string): PassageId {
  const [document = '', version = '', index = ''] = id.split('/');
  return { document, version, index: Number(index) };
}

const documentsOf = (tenant: string) => `documents/${tenant}`;
const passagesOf = (document: string, version: string) => `passages/${document}/${version}`;
const padded = (index: number) => String(index).padStart(6, '0');

export class Catalog {
  #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async settings(): Promise<RowData | undefined> {
    return (await this.#table.get('data', 'settings'))?.data;
  }

  async putSettings(settings: RowData): Promise<void> {
    await this.#table.putMany([{ partition: 'data', sort: 'settings', data: settings }]);
  }

  async hasCollection(tenant: string, name: string): Promise<boolean> {
    return (await this.#table.get(`collections/${tenant}`, name)) !== undefined;
  }

  async document(tenant: string, id: string): Promise<DocumentRow | undefined> {
    return (await this.#table.get(documentsOf(tenant), id))?.data as DocumentRow | undefined;
  }

  /** Documents in the order asked for, undefined where there is none. */
  async documentsById(tenant: string, ids: readonly string[]): Promise<(DocumentRow | undefined)[]> {
    const rows = await this.#table.getMany(ids.map((id) => ({ partition: documentsOf(tenant), sort: id })));
    return rows.map((row) => row?.data as DocumentRow | undefined);
  }

  /** A page of a tenant's documents in the order of their ids, of one collection where one is named. */
  async documents(
    tenant: string,
    options: { collection?: string | undefined; after?: string | undefined; limit: number },
  ): Promise<{ documents: DocumentRow[]; next: string | undefined }> {
    const documents: DocumentRow[] = [];
    let after = options.after;
    for (;;) {
      const page = await this.#table.query(documentsOf(tenant), {
        ...(after === undefined ? {} : { after }),
        limit: options.limit,
      });
      for (const row of page.rows) {
        const document = row.data as unknown as DocumentRow;
        if (options.collection !== undefined && document.collection !== options.collection) continue;
        if (document.status !== 'deleting') documents.push(document);
        if (documents.length === options.limit) {
          return { documents, next: row === page.rows.at(-1) ? page.next : row.sort };
        }
      }
      if (page.next === undefined) return { documents, next: undefined };
      after = page.next;
    }
  }

  /** Every document of a tenant, those being deleted too. */
  async allDocuments(tenant: string): Promise<DocumentRow[]> {
    return (await this.#all(documentsOf(tenant), '')).map((row) => row.data as unknown as DocumentRow);
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
    const partition = documentsOf(tenant);
    for (;;) {
      const row = await this.#table.get(partition, id);
      const current = row?.data as DocumentRow | undefined;
      const changed = change(current && structuredClone(current));
      if (changed === undefined) return current;
      const condition = row === undefined ? ('absent' as const) : { revision: row.revision };
      const operations: WriteOperation[] =
        changed === null
          ? [{ delete: { partition, sort: id }, condition }]
          : [{ put: { partition, sort: id, data: { ...changed, updated: Date.now() } }, condition }];
      if (changed !== null && row === undefined) {
        const collections = `collections/${tenant}`;
        operations.push({ put: { partition: collections, sort: changed.collection, data: {} } });
      }
      try {
        await this.#table.write(operations);
        return changed ?? undefined;
      } catch (error) {
        if (!isBlockragError(error, 'conflict')) throw error;
      }
    }
  }

  async putPassages(document: string, version: string, passages: readonly PassageRow[]): Promise<void> {
    await this.#table.putMany(
      passages.map(({ tokens, ...passage }) => ({
        partition: passagesOf(document, version),
        sort: `passage/${padded(passage.index)}`,
        data: { ...passage, tokens: new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength) },
      })),
    );
  }

  async passagesById(ids: readonly PassageId[]): Promise<(PassageRow | undefined)[]> {
    const rows = await this.#table.getMany(
      ids.map(({ document, version, index }) => ({
        partition: passagesOf(document, version),
        sort: `passage/${padded(index)}`,
      })),
    );
    return rows.map((row) => row && toPassage(row.data));
  }

  /** All passages of a version, in reading order. */
  async passages(document: string, version: string): Promise<PassageRow[]> {
    const rows = await this.#all(passagesOf(document, version), 'passage/');
    return rows.map((row) => toPassage(row.data));
  }

  /** Records a batch of passages as encoded; gives the number of passages encoded so far. */
  async putBatch(document: string, version: string, batch: number, passages: number): Promise<number> {
    const partition = passagesOf(document, version);
    await this.#table.putMany([{ partition, sort: `batch/${padded(batch)}`, data: { passages } }]);
    const rows = await this.#all(partition, 'batch/');
    return rows.reduce((sum, row) => sum + (row.data.passages as number), 0);
  }

  /** Records that a blob is stored, and that a version uses it. Call it when the blob is durable. */
  async putBlob(
    key: string,
    blob: { tokens: number },
    user: { document: string; version: string } | undefined,
  ): Promise<void> {
    const partition = `blob/${key}`;
    const rows: { partition: string; sort: string; data: RowData }[] = [
      { partition, sort: 'state', data: { ...blob } },
    ];
    if (user !== undefined) rows.push(...usage(key, user));
    await this.#table.putMany(rows);
  }

  async hasBlob(key: string): Promise<boolean> {
    return (await this.#table.get(`blob/${key}`, 'state')) !== undefined;
  }

  /**
   * Forgets a version's passages and its use of blobs.
   * @returns the blobs that nobody uses any more: the caller deletes them, then calls `dropBlob`
   */
  async dropVersion(document: string, version: string): Promise<string[]> {
    const partition = passagesOf(document, version);
    const blobs = (await this.#all(partition, 'blob/')).map((row) => row.sort.slice('blob/'.length));
    const unused: string[] = [];
    for (const key of blobs) {
      await this.#deleteRows([{ partition: `blob/${key}`, sort: `used/${document}/${version}` }]);
      const { rows } = await this.#table.query(`blob/${key}`, { prefix: 'used/', limit: 1 });
      if (rows.length === 0) unused.push(key);
    }
    return unused;
  }

  /** Forgets a blob that was deleted from the store. */
  async dropBlob(key: string): Promise<void> {
    await this.#deleteRows([{ partition: `blob/${key}`, sort: 'state' }]);
  }

  /**
   * Removes all rows of a version; the last step of retiring it. Their text is blanked first: a store may leave
   * the bytes of a deleted row in a page that others still use, where `scrub` cannot reach them.
   */
  async deletePassages(document: string, version: string): Promise<void> {
    const partition = passagesOf(document, version);
    const rows = await this.#all(partition, '');
    const blank = (text: unknown) => ' '.repeat(Buffer.byteLength(String(text)));
    await this.#table.putMany(
      rows
        .filter(({ data }) => typeof data.text === 'string')
        .map(({ sort, data }) => {
          return { partition, sort, data: { ...data, title: blank(data.title), text: blank(data.text) } };
        }),
    );
    await this.#deleteRows(rows.map(({ sort }) => ({ partition, sort })));
  }

  /** Overwrites what deleted rows have left on the disk. */
  async scrub(): Promise<void> {
    await this.#table.scrub();
  }

  async #all(partition: string, prefix: string) {
    const rows = [];
    let after: string | undefined;
    do {
      const page = await this.#table.query(partition, { prefix, ...(after === undefined ? {} : { after }) });
      rows.push(...page.rows);
      after = page.next;
    } while (after !== undefined);
    return rows;
  }

  async #deleteRows(keys: readonly { partition: string; sort: string }[]): Promise<void> {
    for (let at = 0; at < keys.length; at += 100) {
      await this.#table.write(keys.slice(at, at + 100).map((key) => ({ delete: key })));
    }
  }
}

function usage(key: string, { document, version }: { document: string; version: string }) {
  return [
    { partition: `blob/${key}`, sort: `used/${document}/${version}`, data: {} },
    { partition: passagesOf(document, version), sort: `blob/${key}`, data: {} },
  ];
}

function toPassage(data: RowData): PassageRow {
  const bytes = data.tokens;
  if (!(bytes instanceof Uint8Array)) throw new BlockragError('internal', 'A passage row has no tokens.');
  // A copy: token ids must lie on a 4-byte boundary.
  return { ...(data as unknown as PassageRow), tokens: new Uint32Array(Uint8Array.from(bytes).buffer) };
}
