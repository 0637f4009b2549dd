/**
 * Tells whether the catalog is the one that the stored objects belong to. Both carry the same epoch and a generation,
 * which each sweep raises, in the catalog first: a catalog that was lost, or an older copy of it, lags behind.
 *
 * partition  sort   row
 * data       epoch  id, generation, adopted
 *
 * object         holds
 * state/catalog  the same, as JSON
 */
import { randomBytes } from 'node:crypto';
import type { Catalog } from '../../catalog/catalog.ts';
import { BlockragError } from '../../errors.ts';
import type { BlobStore, Row } from '../../storage/ports.ts';
import { putUnchanged, tryWrite } from '../../storage/table/conflicts.ts';

/** What the epoch is kept in. */
export interface EpochStores {
  catalog: Pick<Catalog, 'table' | 'tenants'>;
  blobs: BlobStore;
}

type Epoch = { id: string; generation: number };
/** Of the row alone: that an operator wants this catalog, until a sweep has gone by it. */
type Stored = Epoch & { adopted?: boolean };

const ROW = { partition: 'data', sort: 'epoch' };
const OBJECT = 'state/catalog';

/**
 * Gives stores that have none an epoch, unless there are originals of which an empty catalog knows nothing.
 * @param options.adopt takes the catalog as it is, although the stores belong to another or are newer
 */
export async function beginEpoch(stores: EpochStores, { adopt = false } = {}): Promise<void> {
  const { row, object } = await read(stores);
  if (adopt) {
    await write(stores, row, { id: newId(), generation: 0, adopted: true });
  } else if (object === undefined && (await isWhole(stores, row))) {
    await write(stores, row, { id: idOf(row), generation: generationOf(row) });
  }
}

/**
 * Raises the generation.
 * @returns whether the catalog was adopted as it is, and no sweep has gone by it yet
 * @throws BlockragError `catalog_mismatch` when the catalog is new or older than the stores; nothing is changed
 */
export async function raiseEpoch(stores: EpochStores): Promise<boolean> {
  const { row, object } = await read(stores);
  const fits = object === undefined ? await isWhole(stores, row) : row?.data.id === object.id;
  if (!fits) throw mismatch('The catalog is new, or another than the stored documents belong to');
  if (object !== undefined && object.generation > generationOf(row)) {
    throw mismatch('The catalog is older than the stored documents, as a restored copy is');
  }
  const adopted = row?.data.adopted === true;
  const epoch = { id: idOf(row), generation: generationOf(row) + 1 };
  await write(stores, row, adopted ? { ...epoch, adopted } : epoch);
  return adopted;
}

/** From now on the catalog is one like any other. */
export async function settleEpoch(stores: EpochStores): Promise<void> {
  const { row } = await read(stores);
  await write(stores, row, { id: idOf(row), generation: generationOf(row) });
}

/** Whether a catalog without an object beside it can be that of the stores: it knows of tenants, or none is stored. */
async function isWhole({ catalog, blobs }: EpochStores, row: Row | undefined): Promise<boolean> {
  if (row !== undefined || (await catalog.tenants.all()).length > 0) return true;
  for await (const _ of blobs.list('originals')) return false;
  return true;
}

async function read({
  catalog,
  blobs,
}: EpochStores): Promise<{ row: Row | undefined; object: Epoch | undefined }> {
  const [row, bytes] = await Promise.all([catalog.table.get(ROW.partition, ROW.sort), blobs.get(OBJECT)]);
  return { row, object: bytes && parse(bytes) };
}

/** One that cannot be read fits no catalog. */
function parse(bytes: Uint8Array): Epoch {
  try {
    const { id, generation } = JSON.parse(new TextDecoder().decode(bytes)) as Epoch;
    return { id, generation };
  } catch {
    return { id: '', generation: Number.POSITIVE_INFINITY };
  }
}

async function write({ catalog, blobs }: EpochStores, row: Row | undefined, stored: Stored): Promise<void> {
  const { table } = catalog;
  const written = await (row === undefined
    ? tryWrite(table, [{ put: { ...ROW, data: stored }, condition: 'absent' }])
    : putUnchanged(table, row, stored));
  // Another one, sweeping at the same time, has done it.
  if (!written) return;
  const { id, generation } = stored;
  const object = new TextEncoder().encode(JSON.stringify({ id, generation }));
  await blobs.put(OBJECT, object, { replace: true });
}

const newId = () => randomBytes(8).toString('hex');
/** Of a row that is not there: a new one. */
const idOf = (row: Row | undefined) => (row === undefined ? newId() : String(row.data.id));
const generationOf = (row: Row | undefined) => Number(row?.data.generation ?? 0);

/** An error that says how to go on. @param what is wrong */
export function mismatch(what: string): BlockragError {
  return new BlockragError(
    'catalog_mismatch',
    `${what}: nothing is removed. Restore the catalog that belongs to them ("blockrag restore"), make it again of the stored documents ("blockrag repair"), or start once with "blockrag serve --adopt-catalog" to go on with this one; what it does not know is then put into quarantine.`,
  );
}
