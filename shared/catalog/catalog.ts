/**
 * The catalog: documents, their passages, and which KV blobs serve them, as rows of one Table.
 *
 * partition                     sort                 row
 * data                          settings             what the data directory was made with (settings.ts)
 * data                          scrub                deleted text may still be on the disk (scrub.ts)
 * data                          sweep                where a sweep was stopped (pipeline/sweep)
 * data                          index                the index lacks passages and is being filled (pipeline/reindex)
 * tenants                       TENANT               a tenant that has, or had, documents (tenants.ts)
 * collections/TENANT            HASH                 a collection: its name; HASH is the name's (collections.ts)
 * members/TENANT/HASH           DOCUMENT             a document of that collection
 * documents/TENANT              DOCUMENT             a document (documents.ts)
 * passages/DOCUMENT/VERSION     passage/NNNNNN       a passage (passages.ts)
 * passages/DOCUMENT/VERSION     blob/KEY             a blob that this version uses
 * passages/DOCUMENT/VERSION     batch/NNNNNN         a batch of passages that is encoded
 * kv/FIRST DIGIT                KEY                  a stored blob (blobs.ts)
 * blob/KEY                      used/DOCUMENT/VERSION  who uses it: references are rows, not counters
 * deleting/FIRST DIGIT          KEY                  a blob that is just being deleted (deletions.ts)
 */
import type { Table } from '../storage/ports.ts';
import { Blobs } from './blobs.ts';
import { Collections } from './collections.ts';
import { Deletions } from './deletions.ts';
import { Documents } from './documents.ts';
import { Passages } from './passages.ts';
import { StoredSettings } from './settings.ts';
import { Tenants } from './tenants.ts';

export type { DocumentRow, DocumentStatus, Metadata } from './document-row.ts';
export type { DocumentsQuery } from './documents.ts';

/**
 * The parts of the catalog over one table.
 *
 * @example
 * const catalog = new Catalog(table);
 * const document = await catalog.documents.get(tenant, id);
 * const passages = await catalog.passages.ofVersion(id, document.version);
 */
export class Catalog {
  /** Where the rows lie: what the catalog has no words for keeps rows of its own there. */
  readonly table: Table;
  readonly settings: StoredSettings;
  readonly tenants: Tenants;
  readonly collections: Collections;
  readonly documents: Documents;
  readonly passages: Passages;
  readonly blobs: Blobs;
  readonly deletions: Deletions;

  constructor(table: Table) {
    this.table = table;
    this.settings = new StoredSettings(table);
    this.tenants = new Tenants(table);
    this.collections = new Collections(table);
    this.documents = new Documents(table, this.tenants);
    this.passages = new Passages(table);
    this.deletions = new Deletions(table);
    this.blobs = new Blobs(table, this.deletions);
  }
}
