/** The order in which the shapes of a slide are read: their order in the file is that in which they were made. */

/** In EMU, of which an inch has 914,400. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** By how much shapes may overlap that stand beside or below each other: twice the margin that text has in a shape. */
const OVERLAP = 182_880;
/** Not by more than this share of either, lest small ones in one row be taken for two. */
const OVERLAP_SHARE = 1 / 4;
/** Cuts within cuts; what is left then is read from the top. */
const MAX_CUTS = 20;

/**
 * Puts shapes in the order in which they are read: by rows, within a row by columns, within a column by rows again;
 * shapes that cannot be parted that way from the top, then from the left. One without a box follows the one before it.
 */
export function inReadingOrder<S extends { box: Box | undefined }>(shapes: readonly S[]): S[] {
  const placed: Placed<S>[] = [];
  const leading: S[] = [];
  for (const shape of shapes) {
    if (shape.box !== undefined) placed.push({ box: shape.box, shapes: [shape] });
    else (placed.at(-1)?.shapes ?? leading).push(shape);
  }
  return [...leading, ...byRows(placed, MAX_CUTS).flatMap(({ shapes: together }) => together)];
}

interface Placed<S> {
  box: Box;
  shapes: S[];
}

function byRows<S>(placed: readonly Placed<S>[], cuts: number): Placed<S>[] {
  const rows = parted(placed, ({ top, height }) => [top, top + height]);
  return rows.flatMap((row) => (row.length === 1 ? row : byColumns(row, cuts)));
}

function byColumns<S>(placed: readonly Placed<S>[], cuts: number): Placed<S>[] {
  const columns = parted(placed, ({ left, width }) => [left, left + width]);
  if (columns.length > 1 && cuts > 0) return columns.flatMap((column) => byRows(column, cuts - 1));
  return placed.toSorted((a, b) => a.box.top - b.box.top || a.box.left - b.box.left);
}

/** Parts boxes at the gaps between them on one axis. */
function parted<S>(
  placed: readonly Placed<S>[],
  extent: (box: Box) => readonly [start: number, end: number],
): Placed<S>[][] {
  const parts: Placed<S>[][] = [];
  let from = 0;
  let reached = 0;
  for (const one of placed.toSorted((a, b) => extent(a.box)[0] - extent(b.box)[0])) {
    const [start, end] = extent(one.box);
    const overlap = Math.min(OVERLAP, OVERLAP_SHARE * Math.min(end - start, reached - from));
    if (parts.length === 0 || start >= reached - overlap) {
      parts.push([]);
      from = start;
      reached = end;
    }
    parts.at(-1)!.push(one);
    reached = Math.max(reached, end);
  }
  return parts;
}
