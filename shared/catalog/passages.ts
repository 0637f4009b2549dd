/** The catalog's rows about passages: what a version of a document consists of, and how far it is encoded. */
import { BlockragError } from '../errors.ts';
import type { RowData, Table } from '../storage/ports.ts';
import { allRows, deleteRows } from '../storage/table/rows.ts';
import { SCRUB_DUE } from './scrub.ts';
import { passagesOf } from './versions.ts';

export interface PassageRow {
  index: number;
  title: string;
  text: string;
  page: number | null;
  /** The last page; rows of older versions have none. */
  pageEnd?: number | null;
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

const padded = (index: number) => String(index).padStart(6, '0');

export class Passages {
  #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async put(document: string, version: string, passages: readonly PassageRow[]): Promise<void> {
    await this.#table.putMany(
      passages.map(({ tokens, ...passage }) => ({
        partition: passagesOf({ document, version }),
        sort: `passage/${padded(passage.index)}`,
        data: { ...passage, tokens: new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength) },
      })),
    );
  }

  /** Passages in the order asked for, undefined where there is none. */
  async getMany(ids: readonly PassageId[]): Promise<(PassageRow | undefined)[]> {
    const keys = ids.map((id) => ({ partition: passagesOf(id), sort: `passage/${padded(id.index)}` }));
    const rows = await this.#table.getMany(keys);
    return rows.map((row) => row && toPassage(row.data));
  }

  /** All passages of a version, in reading order. */
  async ofVersion(document: string, version: string): Promise<PassageRow[]> {
    const rows = await allRows(this.#table, passagesOf({ document, version }), { prefix: 'passage/' });
    return rows.map((row) => toPassage(row.data));
  }

  /** Records a batch of passages as encoded; gives the number of passages encoded so far. */
  async putBatch(document: string, version: string, batch: number, passages: number): Promise<number> {
    const partition = passagesOf({ document, version });
    await this.#table.putMany([{ partition, sort: `batch/${padded(batch)}`, data: { passages } }]);
    const rows = await allRows(this.#table, partition, { prefix: 'batch/' });
    return rows.reduce((sum, row) => sum + (row.data.passages as number), 0);
  }

  /**
   * Removes all rows of a version; the last step of retiring it. Their text is blanked first: a store may leave
   * the bytes of a deleted row in a page that others still use. `scrubIfDue` overwrites what is left.
   */
  async deleteVersion(document: string, version: string): Promise<void> {
    const partition = passagesOf({ document, version });
    // Uses of blobs go one by one (Blobs.endUses): one that a late writer records meanwhile must not vanish half.
    const rows = (await allRows(this.#table, partition)).filter(({ sort }) => !sort.startsWith('blob/'));
    const blank = (text: unknown) => ' '.repeat(Buffer.byteLength(String(text)));
    await this.#table.putMany([
      SCRUB_DUE,
      ...rows
        .filter(({ data }) => typeof data.text === 'string')
        .map(({ sort, data }) => {
          return { partition, sort, data: { ...data, title: blank(data.title), text: blank(data.text) } };
        }),
    ]);
    await deleteRows(
      this.#table,
      rows.map(({ sort }) => ({ partition, sort })),
    );
  }
}

function toPassage(data: RowData): PassageRow {
  const bytes = data.tokens;
  if (!(bytes instanceof Uint8Array)) throw new BlockragError('internal', 'A passage row has no tokens.');
  // A copy: token ids must lie on a 4-byte boundary.
  return { ...(data as unknown as PassageRow), tokens: new Uint32Array(Uint8Array.from(bytes).buffer) };
}
