/**
 * The items of the work queue. They are built and read here only. Queues of running systems hold such items, so their
 * ids and bodies must not change.
 *
 * id                            body
 * ingest/DOCUMENT/VERSION       tenant, document, version: read it and split it into passages
 * encode/DOCUMENT/VERSION/N     the same, batch, from, to: encode these passages
 * retire/DOCUMENT/VERSION       tenant, document, version: remove all of it (with /HEX: once more)
 * erase                         overwrite what deletions have left
 * tidy                          the index's upkeep, and the budget
 * sweep                         look for what killed processes have left
 * reindex                       put into the index what it lacks
 */
import { randomBytes } from 'node:crypto';
import type { DocumentRow } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';
import type { RowData } from '../../storage/ports.ts';

/** A version of a document, as work items name it. */
export type VersionRef = {
  tenant: string;
  document: string;
  version: string;
};

/** Passages of a version, from `from` up to but without `to`. */
export type EncodeWork = VersionRef & {
  batch: number;
  from: number;
  to: number;
};

export type Work =
  | ({ kind: 'ingest' } & VersionRef)
  | ({ kind: 'encode' } & EncodeWork)
  | ({ kind: 'retire' } & VersionRef)
  | { kind: 'erase' }
  | { kind: 'tidy' }
  | { kind: 'sweep' }
  | { kind: 'reindex' };

/** Items with the same id are one item while it waits or is in hand. */
export interface WorkItem {
  id: string;
  body: Work;
  /** The tenant whose it is: tenants take turns. Without, it comes after all that is waiting. */
  group?: string;
}

/** Passages of one item: some seconds of work, so that little is lost with a killed process. */
export const BATCH = 8;

/** To be sent after each document. One item at most waits. */
export const TIDY_ITEM: WorkItem = { id: 'tidy', body: { kind: 'tidy' } };

/**
 * To be sent after each deletion. One item at most waits, and since it is no tenant's, it comes after all that is
 * waiting now.
 */
export const ERASE_ITEM: WorkItem = { id: 'erase', body: { kind: 'erase' } };

/** The sweep as work of an embedded worker. */
export const SWEEP_ITEM: WorkItem = { id: 'sweep', body: { kind: 'sweep' } };

/** To be sent when the index was found to lack passages. Nobody has an answer until it is done: it has a turn of its own. */
export const REINDEX_ITEM: WorkItem = { id: 'reindex', body: { kind: 'reindex' }, group: 'INDEX' };

export function ingestItem({ tenant, document, version }: VersionRef): WorkItem {
  return ofTenant(`ingest/${document}/${version}`, { kind: 'ingest', tenant, document, version });
}

/** The work of encoding a version's passages, in batches. */
export function encodeItems({ tenant, document, version }: VersionRef, passages: number): WorkItem[] {
  return Array.from({ length: Math.ceil(passages / BATCH) }, (_, batch) => {
    const from = batch * BATCH;
    const to = Math.min(from + BATCH, passages);
    const id = `encode/${document}/${version}/${batch}`;
    return ofTenant(id, { kind: 'encode', tenant, document, version, batch, from, to });
  });
}

export function retireItem({ tenant, document, version }: VersionRef): WorkItem {
  return ofTenant(`retire/${document}/${version}`, { kind: 'retire', tenant, document, version });
}

/** The same for all that a document has to retire. */
export function retireItems({
  tenant,
  id,
  retiring,
}: Pick<DocumentRow, 'tenant' | 'id' | 'retiring'>): WorkItem[] {
  return retiring.map((version) => retireItem({ tenant, document: id, version }));
}

/** The same for whoever has written something of a version that is retired: an earlier item may be in hand by now. */
export function retireAgainItem(ref: VersionRef): WorkItem {
  const item = retireItem(ref);
  return { ...item, id: `${item.id}/${randomBytes(4).toString('hex')}` };
}

function ofTenant(id: string, body: Work & VersionRef): WorkItem {
  return { id, body, group: body.tenant };
}

/** What a pending version waits for; nothing when none is being made. */
export function pendingItems({ tenant, id, status, pending, passages }: DocumentRow): WorkItem[] {
  if (pending === null) return [];
  const ref = { tenant, document: id, version: pending };
  if (status === 'queued') return [ingestItem(ref)];
  return status === 'encoding' ? encodeItems(ref, passages) : [];
}

/**
 * The work that an item's body says.
 * @throws BlockragError `internal` for a kind that this version does not know, or a body that lacks something
 */
export function parseWork(body: RowData): Work {
  const { kind } = body;
  switch (kind) {
    case 'ingest':
    case 'retire':
      return { kind, ...versionIn(body) };
    case 'encode': {
      const [batch, from, to] = ['batch', 'from', 'to'].map((field) => numberIn(body, field));
      return { kind, ...versionIn(body), batch: batch!, from: from!, to: to! };
    }
    case 'erase':
    case 'tidy':
    case 'sweep':
    case 'reindex':
      return { kind };
    default:
      throw wrongBody(`is of the unknown kind ${JSON.stringify(kind)}`);
  }
}

function versionIn(body: RowData): VersionRef {
  const { tenant, document, version } = body;
  if (typeof tenant === 'string' && typeof document === 'string' && typeof version === 'string') {
    return { tenant, document, version };
  }
  throw wrongBody('names no version of a document');
}

function numberIn(body: RowData, field: string): number {
  const value = body[field];
  if (typeof value === 'number') return value;
  throw wrongBody(`has no number "${field}"`);
}

function wrongBody(what: string): BlockragError {
  const message = `An item of the work queue ${what}: another version of this program may have sent it.`;
  return new BlockragError('internal', message);
}
