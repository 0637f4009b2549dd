/** The catalog's rows about documents, and those that say which collection they are in. */
import { Bell } from '../bell.ts';
import type { Row, Table, WriteOperation } from '../storage/ports.ts';
import { ifUnchanged, tryWrite } from '../storage/table/conflicts.ts';
import { allRows, mark, rowsOf } from '../storage/table/rows.ts';
import { collectionRow, hashOf } from './collections.ts';
import type { DocumentRow } from './document-row.ts';
import { SCRUB_DUE } from './scrub.ts';
import { type Tenants, tenantRow } from './tenants.ts';

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

export class Documents {
  /** Rung when this process has changed a document. */
  readonly changed = new Bell();
  #table: Table;
  #tenants: Tenants;

  constructor(table: Table, tenants: Tenants) {
    this.#table = table;
    this.#tenants = tenants;
  }

  async get(tenant: string, id: string): Promise<DocumentRow | undefined> {
    return (await this.#table.get(documentsOf(tenant), id))?.data as DocumentRow | undefined;
  }

  /** Documents in the order asked for, undefined where there is none. */
  async getMany(tenant: string, ids: readonly string[]): Promise<(DocumentRow | undefined)[]> {
    const rows = await this.#table.getMany(ids.map((id) => ({ partition: documentsOf(tenant), sort: id })));
    return rows.map((row) => row?.data as DocumentRow | undefined);
  }

  /**
   * A page of a tenant's documents in the order of their ids, without those being deleted. It may have fewer than
   * `limit`, or none, although there is a `next`.
   */
  async page(
    tenant: string,
    { collection, matches, after, limit }: DocumentsQuery,
  ): Promise<{ documents: DocumentRow[]; next: string | undefined }> {
    const partition = collection === undefined ? documentsOf(tenant) : membersOf(tenant, collection);
    const documents: DocumentRow[] = [];
    let last = after;
    for (let looked = 0; looked < LOOKED_AT; ) {
      const page = await this.#table.query(partition, {
        ...(last === undefined ? {} : { after: last }),
        limit: matches === undefined ? limit : LOOKED_AT_ONCE,
      });
      const rows =
        collection === undefined
          ? page.rows.map(({ data }) => data as unknown as DocumentRow)
          : await this.getMany(
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
  async *every(tenant: string): AsyncGenerator<DocumentRow> {
    for await (const { data } of rowsOf(this.#table, documentsOf(tenant))) {
      yield data as unknown as DocumentRow;
    }
  }

  /** The same, all at once. */
  async all(tenant: string): Promise<DocumentRow[]> {
    return (await allRows(this.#table, documentsOf(tenant))).map((row) => row.data as unknown as DocumentRow);
  }

  /**
   * Changes a document in one conditional write; tried again when another writer was faster.
   * @param change gives the new row, null to delete it, undefined to leave things as they are
   */
  async update(
    tenant: string,
    id: string,
    change: (document: DocumentRow | undefined) => DocumentRow | null | undefined,
  ): Promise<DocumentRow | undefined> {
    for (;;) {
      const row = await this.#table.get(documentsOf(tenant), id);
      const current = row?.data as DocumentRow | undefined;
      const wanted = change(current && structuredClone(current));
      if (wanted === undefined || (wanted === null && row === undefined)) return current;
      const changed = wanted && { ...wanted, updated: Date.now() };
      const first = row === undefined && !(await this.#tenants.has(tenant));
      const written = await tryWrite(this.#table, [
        ...documentChange(tenant, id, row, changed),
        ...(first ? [{ put: tenantRow(tenant) }] : []),
      ]);
      if (!written) continue;
      this.changed.ring();
      return changed ?? undefined;
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
  const condition = ifUnchanged(row);
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
