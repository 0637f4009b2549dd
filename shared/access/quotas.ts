/**
 * Counts what each tenant stores, and refuses more than its limits allow.
 *
 * partition     sort               row
 * usage/TENANT  total              documents, passages, bytes
 * usage/TENANT  total/SHARD        the same: what the tenant stores is their sum
 * usage/TENANT  document/DOCUMENT  what each version of the document holds
 *
 * A document's row changes in one transaction with a total, and says what it was charged: a step that is run again
 * changes nothing, so the sum does not drift. Where there is a limit all changes meet in the one row `total`, so that
 * it holds. A tenant without one has its changes spread: a row takes no more than so many transactions a second.
 */
import { BlockragError } from '../errors.ts';
import { Gate } from '../gate.ts';
import type { RowData, Table, WriteOperation } from '../storage/ports.ts';
import { ifUnchanged, untilNoConflict } from '../storage/table/conflicts.ts';
import { rowsOf, shardOf } from '../storage/table/rows.ts';
import type { Limits, TenantLimits } from './limits.ts';
import { usageOf } from './usage.ts';

/** A version of a document: what is charged, and given back. */
export interface ChargedVersion {
  tenant: string;
  document: string;
  version: string;
}

/** What one version holds. */
export type Holding = {
  passages: number;
  /** Bytes of the upload. */
  bytes: number;
};

/** What a tenant stores. */
export interface StorageUse extends Holding {
  documents: number;
}

/** What a version was charged, and when: milliseconds since the epoch. */
export type Held = Holding & { taken: number };
type Versions = { [version: string]: Held };

const DOCUMENT = 'document/';
const TOTAL = 'total';
const SHARDS = 8;
const KINDS = ['documents', 'passages', 'bytes'] as const;
const NOTHING: StorageUse = { documents: 0, passages: 0, bytes: 0 };

/**
 * Storage quotas that hold across instances. A document is charged the most that one of its versions holds:
 * while a new version stands beside the old one, the tenant pays for its growth only.
 */
export class Quotas {
  #table: Table;
  #limits: TenantLimits;
  #now: () => number;
  /** By row of a total, while it is used: the changes of this process wait for each other. */
  #turns = new Map<string, Gate>();

  /** @param options.now the clock, milliseconds since the epoch */
  constructor(table: Table, limits: TenantLimits, options: { now?: () => number } = {}) {
    this.#table = table;
    this.#limits = limits;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Charges a new version, before it is stored; durable when it resolves. Run again it changes nothing.
   * @throws BlockragError `quota_exceeded` (data: quota, limit, used, asked), `overloaded`
   */
  async take(version: ChargedVersion, { bytes }: Pick<Holding, 'bytes'>): Promise<void> {
    const taken = this.#now();
    await this.#change(version, (held) => ({ passages: 0, taken, ...held, bytes }));
  }

  /**
   * Charges what became known of a version later. False, and nothing is charged, when the version was given
   * back meanwhile: late work for a deleted document must not charge its tenant for ever.
   * @throws BlockragError `quota_exceeded` (data: quota, limit, used, asked), `overloaded`
   */
  async amend(version: ChargedVersion, { passages }: Pick<Holding, 'passages'>): Promise<boolean> {
    return this.#change(version, (held) => held && { ...held, passages });
  }

  /**
   * Takes the charge for a version off; durable when it resolves. False when there was none.
   * @throws BlockragError `overloaded`
   */
  async giveBack(version: ChargedVersion): Promise<boolean> {
    return this.#change(version, () => undefined);
  }

  async used(tenant: string): Promise<StorageUse> {
    const { rows } = await this.#table.query(usageOf(tenant), { prefix: TOTAL, limit: 1 + SHARDS });
    return sumOf(rows.map(({ data }) => data as unknown as StorageUse));
  }

  /**
   * Every version that a tenant is charged for. A process that is killed between `take` and the document's row
   * leaves a charge for a version that nobody knows: the sweep gives back such as were taken some time ago.
   */
  async *charged(tenant: string): AsyncGenerator<ChargedVersion & Held> {
    for await (const { sort, data } of rowsOf(this.#table, usageOf(tenant), { prefix: DOCUMENT })) {
      for (const [version, held] of Object.entries(versionsIn(data))) {
        yield { tenant, document: sort.slice(DOCUMENT.length), version, ...held };
      }
    }
  }

  /** Changes what a version holds, undefined for nothing. False when it held nothing before and after. */
  async #change(
    version: ChargedVersion,
    change: (held: Held | undefined) => Held | undefined,
  ): Promise<boolean> {
    const limits = await this.#limits.of(version.tenant);
    const limited = KINDS.some((kind) => limits[kind] !== undefined);
    const total = limited ? TOTAL : `${TOTAL}/${shardOf(version.document, SHARDS)}`;
    const row = `${version.tenant}/${total}`;
    const turns = this.#turns.get(row) ?? new Gate(1);
    this.#turns.set(row, turns);
    try {
      return await turns.run(() => this.#changeNow(version, change, { total, limits }));
    } finally {
      if (turns.idle && this.#turns.get(row) === turns) this.#turns.delete(row);
    }
  }

  #changeNow(
    { tenant, document, version }: ChargedVersion,
    change: (held: Held | undefined) => Held | undefined,
    { total: totalSort, limits }: { total: string; limits: Limits },
  ): Promise<boolean> {
    const partition = usageOf(tenant);
    const sort = `${DOCUMENT}${document}`;
    return untilNoConflict(async () => {
      const [row, total] = await this.#table.getMany([
        { partition, sort },
        { partition, sort: totalSort },
      ]);
      const { [version]: held, ...others } = versionsIn(row?.data);
      const next = change(held && { ...held });
      if (held?.bytes === next?.bytes && held?.passages === next?.passages) return held !== undefined;
      const versions: Versions = next === undefined ? others : { ...others, [version]: next };
      const before = chargeOf(held === undefined ? others : { ...others, [version]: held });
      const after = chargeOf(versions);
      const grows = KINDS.some((kind) => limits[kind] !== undefined && after[kind] > before[kind]);
      // Only what grows is refused: a limit that was lowered must not keep a tenant from giving back.
      if (grows) refuseExcess(limits, await this.used(tenant), { before, after });

      const counted = { ...NOTHING, ...total?.data } as StorageUse;
      const sum = Object.fromEntries(KINDS.map((kind) => [kind, counted[kind] + after[kind] - before[kind]]));
      const condition = ifUnchanged(row);
      const keep: WriteOperation =
        after.documents === 0
          ? { delete: { partition, sort }, condition }
          : { put: { partition, sort, data: { versions } }, condition };
      await this.#table.write([
        keep,
        { put: { partition, sort: totalSort, data: sum }, condition: ifUnchanged(total) },
      ]);
      return true;
    });
  }
}

function refuseExcess(
  limits: Limits,
  used: StorageUse,
  { before, after }: { before: StorageUse; after: StorageUse },
): void {
  for (const quota of KINDS) {
    const limit = limits[quota];
    const asked = after[quota] - before[quota];
    if (limit === undefined || asked <= 0 || used[quota] + asked <= limit) continue;
    const message = `The quota of ${limit} ${quota} does not hold ${asked} more (${used[quota]} are used): delete documents, or have the quota raised.`;
    throw new BlockragError('quota_exceeded', message, {
      data: { quota, limit, used: used[quota], asked },
    });
  }
}

function sumOf(totals: readonly StorageUse[]): StorageUse {
  const sum = (kind: (typeof KINDS)[number]) => totals.reduce((all, total) => all + total[kind], 0);
  return { documents: sum('documents'), passages: sum('passages'), bytes: sum('bytes') };
}

const versionsIn = (data: RowData | undefined) => (data?.versions ?? {}) as unknown as Versions;

function chargeOf(versions: Versions): StorageUse {
  const held = Object.values(versions);
  return {
    documents: held.length > 0 ? 1 : 0,
    passages: Math.max(0, ...held.map(({ passages }) => passages)),
    bytes: Math.max(0, ...held.map(({ bytes }) => bytes)),
  };
}
