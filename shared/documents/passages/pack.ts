/** Packs pieces into passages as full as possible; the last two are evened out. */

import type { PageRange, Passage } from '../types.ts';
import { cutToFit } from './cut.ts';
import type { Piece } from './pieces.ts';

/** What the passages of one run of pieces have in common. */
export interface Packing {
  title: string;
  /** Token ids of the whole block of a text. */
  block(text: string): Uint32Array;
  /** Tokens that a block has for text. */
  room: number;
  maxTokens: number;
}

/** A passage with the pieces that it was made of. */
interface Packed {
  pieces: Piece[];
  passage: Passage;
}

/** A last passage below this share of the room is shared out with the one before. */
const CRUMB_SHARE = 1 / 2;

/** More white space than this within a paragraph becomes a blank line; code is indented by less. */
const MAX_SEPARATOR = 64;

/** The passages of some pieces, in their order, none of more than `maxTokens` tokens. */
export function pack(pieces: readonly Piece[], packing: Packing): Passage[] {
  const packed: Packed[] = [];
  let run: Piece[] = [];
  let tokens = 0;
  const seal = () => {
    const { done, rest } = fill(run, packing);
    packed.push(done);
    run = rest;
    tokens = tokensOf(run);
  };
  for (const piece of pieces) {
    while (run.length > 0 && tokens + cost(piece, run.at(-1)) > packing.room) seal();
    tokens += cost(piece, run.at(-1));
    run.push(piece);
  }
  while (run.length > 0) seal();
  return balanceEnd(packed, packing).map(({ passage }) => passage);
}

/** Makes a passage of as many of the first pieces as fit: token counts of pieces do not quite add up. */
function fill(run: readonly Piece[], packing: Packing): { done: Packed; rest: Piece[] } {
  let count = run.length;
  while (true) {
    const done = make(run.slice(0, count), packing);
    const size = done.passage.tokens.length;
    if (size <= packing.maxTokens) return { done, rest: run.slice(count) };
    if (count === 1) return fill([...cutPiece(run[0]!, packing), ...run.slice(1)], packing);
    count = Math.max(1, Math.min(count - 1, Math.floor((count * packing.maxTokens) / size)));
  }
}

function make(pieces: Piece[], { title, block }: Packing): Packed {
  const text = textOf(pieces);
  return { pieces, passage: { title, text, ...pagesOf(pieces), tokens: block(text) } };
}

/** From the first page to the last, where it is another. */
function pagesOf(pieces: readonly Piece[]): PageRange {
  const pages = pieces.flatMap(({ page, pageEnd }) => [page, pageEnd]).filter((page) => page !== undefined);
  if (pages.length === 0) return {};
  const page = Math.min(...pages);
  const pageEnd = Math.max(...pages);
  return pageEnd > page ? { page, pageEnd } : { page };
}

/** The text of pieces that follow one another. */
function textOf(pieces: readonly Piece[]): string {
  return pieces
    .map((piece, i) => {
      const previous = pieces[i - 1];
      const lead = needsLead(previous, piece) ? `${piece.lead}\n` : '';
      return separator(previous, piece) + lead + piece.paragraph.slice(piece.start, piece.end);
    })
    .join('');
}

/** A table's header stands above its first row in each passage, a record's first line above its others. */
function needsLead(previous: Piece | undefined, piece: Piece): boolean {
  return (
    piece.lead !== undefined && (previous?.paragraph !== piece.paragraph || previous.lead !== piece.lead)
  );
}

/** What parts a piece from the one before: the white space of their paragraph, or a blank line. */
function separator(previous: Piece | undefined, piece: Piece): string {
  if (previous === undefined) return '';
  const sameParagraph = previous.paragraph === piece.paragraph && previous.end <= piece.start;
  const isSmall = piece.start - previous.end <= MAX_SEPARATOR;
  return sameParagraph && isSmall ? piece.paragraph.slice(previous.end, piece.start) : '\n\n';
}

/** Evens out the last two passages when the last is a crumb. */
function balanceEnd(packed: Packed[], packing: Packing): Packed[] {
  const [before, last] = packed.slice(-2);
  if (before === undefined || last === undefined) return packed;
  if (tokensOf(last.pieces) >= packing.room * CRUMB_SHARE) return packed;
  const pieces = [...before.pieces, ...last.pieces];
  const total = tokensOf(pieces);
  let at = 0;
  for (let sum = 0; at < pieces.length - 1 && sum + pieces[at]!.tokens / 2 < total / 2; at++)
    sum += pieces[at]!.tokens;
  if (at === 0) return packed;
  const [first, second] = [make(pieces.slice(0, at), packing), make(pieces.slice(at), packing)];
  const fits = [first, second].every(({ passage }) => passage.tokens.length <= packing.maxTokens);
  const evener =
    Math.min(first.passage.tokens.length, second.passage.tokens.length) > last.passage.tokens.length;
  return fits && evener ? [...packed.slice(0, -2), first, second] : packed;
}

function cutPiece(piece: Piece, { block, maxTokens }: Packing): Piece[] {
  const lead = piece.lead === undefined ? '' : `${piece.lead}\n`;
  const measure = (text: string) => block(lead + text).length;
  return cutToFit(piece.paragraph, piece, measure, maxTokens).map((range) => ({ ...piece, ...range }));
}

function tokensOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece, i) => sum + cost(piece, pieces[i - 1]), 0);
}

/** About how many tokens a piece adds; a space is part of the word after it, a blank line is a token. */
function cost(piece: Piece, previous: Piece | undefined): number {
  const lead = needsLead(previous, piece) ? piece.leadTokens : 0;
  return piece.tokens + lead + (separator(previous, piece) === ' ' ? 0 : 1);
}
