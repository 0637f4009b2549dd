/** Where a text may be cut, and cutting a range of it until every piece is small enough. */
import { BlockragError } from '../../errors.ts';

/** A part of a text, in UTF-16 code units: [start, end). */
export interface Range {
  start: number;
  end: number;
}

/** A range with what it measures. */
export interface MeasuredRange extends Range {
  tokens: number;
}

/** The ends of lines, then of clauses, then of words; the first kind found near the target is taken. */
const BOUNDARIES = [/\n/g, /[,;:–—](?=\s)|[，、；：]/g, /\s/g];

/** Pieces are aimed at this share of the limit, since tokens are not spread evenly. */
const FILL = 0.9;

/** Code units that a piece is aimed to have at least, so that its end can be moved to a boundary. */
const MIN_PIECE = 8;

/**
 * The best place to cut a text near `target`: after a line, a clause or a word, else between two characters.
 * It lies inside (lo, hi) and never inside a surrogate pair; the range must hold two characters.
 */
export function cutPoint(text: string, { start: lo, end: hi }: Range, target: number): number {
  const window = text.slice(lo, hi);
  for (const pattern of BOUNDARIES) {
    let best: number | undefined;
    for (const match of window.matchAll(pattern)) {
      const at = lo + match.index + match[0].length;
      if (at < hi && (best === undefined || Math.abs(at - target) <= Math.abs(best - target))) best = at;
    }
    if (best !== undefined) return best;
  }
  return betweenCharacters(text, lo, target);
}

/**
 * Cuts a range into pieces of at most `limit` by `measure` (tokens), about equal in length; white space
 * around a piece is left out.
 *
 * @throws BlockragError `invalid_option` when a single character measures more than the limit
 */
export function cutToFit(
  text: string,
  range: Range,
  measure: (piece: string) => number,
  limit: number,
): MeasuredRange[] {
  const { start, end } = trimRange(text, range);
  if (start === end) return [];
  const tokens = measure(text.slice(start, end));
  if (tokens <= limit) return [{ start, end, tokens }];
  if (end - start <= characterLength(text, start)) {
    throw new BlockragError('invalid_option', `${limit} tokens are too few for a passage: raise maxTokens.`);
  }
  const wanted = Math.ceil(tokens / (limit * FILL));
  const parts = Math.max(2, Math.min(wanted, Math.floor((end - start) / MIN_PIECE)));
  const step = (end - start) / parts;
  const pieces: Range[] = [];
  let from = start;
  for (let part = 1; part < parts && from < end; part++) {
    const target = start + step * part;
    const lo = Math.max(from, Math.floor(target - step / 2));
    const hi = Math.min(end, Math.ceil(target + step / 8));
    if (hi - lo <= characterLength(text, lo)) continue;
    const at = cutPoint(text, { start: lo, end: hi }, target);
    if (at <= from || at >= end) continue;
    pieces.push({ start: from, end: at });
    from = at;
  }
  // A few characters only, too wide for the steps: halves then, so that every piece is shorter than its whole.
  if (from === start) {
    from = betweenCharacters(text, start, (start + end) / 2);
    pieces.push({ start, end: from });
  }
  pieces.push({ start: from, end });
  return pieces.flatMap((piece) => cutToFit(text, piece, measure, limit));
}

/** A range without the white space at its ends; empty when there is nothing else. */
function trimRange(text: string, { start, end }: Range): Range {
  const slice = text.slice(start, end);
  const kept = slice.trimStart();
  const from = end - kept.length;
  return { start: from, end: from + kept.trimEnd().length };
}

function betweenCharacters(text: string, lo: number, target: number): number {
  const at = Math.floor(target);
  const inside = isLow(text, at) && isHigh(text, at - 1) ? at - 1 : at;
  return inside > lo ? inside : lo + characterLength(text, lo);
}

function characterLength(text: string, at: number): number {
  return isHigh(text, at) && isLow(text, at + 1) ? 2 : 1;
}

function isHigh(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

function isLow(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
