/** Which items of a work queue in a table are next: groups take turns, and within one the oldest come first. */
import type { Row, Table } from '../ports.ts';
import { rowsOf } from '../table/rows.ts';
import { itemOf, nameOf, shardsOf } from './table-rows.ts';

export interface Wanted {
  max: number;
  /** Further items of each shard, to turn to where others are faster. */
  ahead: number;
  /** The group that had its turn last. */
  lastGroup: string;
}

/**
 * What can be taken, what is next first: `max` items and some more, or all that there are; and when the first of the
 * rows that were passed over comes due, ms since the epoch. Of many groups no more are looked at than have their turn.
 */
export async function deliverable(
  table: Table,
  queue: string,
  { max, ahead, lastGroup }: Wanted,
): Promise<{ rows: Row[]; nextDue: number }> {
  let nextDue = Number.POSITIVE_INFINITY;
  const isDue = (row: Row) => {
    const { due } = itemOf(row);
    if (due <= Date.now()) return true;
    nextDue = Math.min(nextDue, due);
    return false;
  };
  const shards = shardsOf(queue);
  const look = { most: max + ahead, groups: max, lastGroup, isDue };
  const [single, ofGroups] = await Promise.all([
    Promise.all(shards.items.map((partition) => oldestIn(table, partition, look))),
    Promise.all(shards.groups.map((partition) => groupsIn(table, partition, look))),
  ]);
  const groups = new Map<string, Row[]>();
  for (const [group, rows] of ofGroups.flatMap((found) => [...found])) {
    groups.set(group, [...(groups.get(group) ?? []), ...rows]);
  }
  for (const rows of groups.values()) rows.sort(byAge);
  const oldest = Math.min(...[...groups.values()].map(([first]) => nameOf(first!).stamp));
  const before = single.flat().filter((row) => nameOf(row).stamp < oldest);
  return { rows: [...before.sort(byAge), ...inTurns(groups, lastGroup)], nextDue };
}

interface Look {
  /** Rows at most: of all, or of one group. */
  most: number;
  groups: number;
  lastGroup: string;
  isDue(row: Row): boolean;
}

function byAge(a: Row, b: Row): number {
  return nameOf(a).stamp - nameOf(b).stamp;
}

async function oldestIn(table: Table, partition: string, { most, isDue }: Look): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of rowsOf(table, partition, { limit: most })) {
    if (isDue(row) && rows.push(row) === most) break;
  }
  return rows;
}

/** The groups whose turn is next, the one that had it last at the end. What many rows a group has are not read. */
async function groupsIn(table: Table, partition: string, look: Look): Promise<Map<string, Row[]>> {
  const found = new Map<string, Row[]>();
  const { lastGroup, groups, most, isDue } = look;
  const turn = lastGroup === '' ? '' : behind(lastGroup);
  const read = async (from: string, isIn: (sort: string) => boolean) => {
    let after: string | undefined = from;
    while (after !== undefined && found.size < groups) {
      const page = await table.query(partition, { after, limit: most });
      let group = '';
      for (const row of page.rows) {
        if (!isIn(row.sort)) return;
        ({ group } = nameOf(row));
        const rows = found.get(group) ?? [];
        if (rows.length < most && isDue(row)) found.set(group, [...rows, row]);
      }
      const enough = found.get(group)?.length === most;
      after = page.next && enough ? behind(group) : page.next;
    }
  };
  await read(turn, () => true);
  if (turn !== '') await read('', (sort) => sort < turn);
  return found;
}

/** A sort key behind all that a group has, and before any other's: "0" follows "/". */
function behind(group: string): string {
  return `${group}0`;
}

/** One item of each group, then another one of each. */
function inTurns(groups: ReadonlyMap<string, readonly Row[]>, lastGroup: string): Row[] {
  // In the order of the sort keys.
  const names = [...groups.keys()].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
  const next = names.findIndex((name) => `${name}/` > `${lastGroup}/`);
  const order = next < 0 ? names : [...names.slice(next), ...names.slice(0, next)];
  const most = Math.max(0, ...[...groups.values()].map(({ length }) => length));
  return Array.from({ length: most }, (_, i) => order.flatMap((name) => groups.get(name)![i] ?? [])).flat();
}
