/** Splits a parsed document into passages, at the ends of sentences, lines and rows, none longer than a block may be. */
import { BlockragError } from '../../errors.ts';
import type { ParsedDocument, Passage, Section } from '../types.ts';
import { sameHeadings } from './outline.ts';
import { pack } from './pack.ts';
import { passageTitle } from './passage-title.ts';
import { blockText, piecesOf } from './pieces.ts';

export const DEFAULT_MAX_TOKENS = 256;
/** With fewer, the passage's frame leaves no room for text. */
const MIN_MAX_TOKENS = 32;
/** A section of at most this share of a passage may share one with other small sections. */
const TINY_SHARE = 1 / 8;
/** A title may take this share of a passage. */
const TITLE_SHARE = 1 / 4;

/** How a document is split. */
export interface SplitOptions {
  /** Token ids of a text, without special tokens. */
  encode(text: string): Uint32Array;
  /** A passage's text as a block of the prompt. */
  passageText(title: string, text: string): string;
  /** Tokens of a whole block, title line included: 256 unless told, 32 at least. */
  maxTokens?: number | undefined;
}

/**
 * Splits a document into passages that follow one another and hold all of its text. A passage keeps to one
 * heading unless the sections are tiny. A table that goes on has its caption and header in each passage. The time is about linear in the text.
 *
 * @throws BlockragError `invalid_option` when maxTokens is too small
 */
export function splitDocument(document: ParsedDocument, options: SplitOptions): Passage[] {
  const { encode, passageText, maxTokens = DEFAULT_MAX_TOKENS } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < MIN_MAX_TOKENS) {
    throw new BlockragError(
      'invalid_option',
      `maxTokens must be a whole number of ${MIN_MAX_TOKENS} or more.`,
    );
  }
  const titleLimit = Math.floor(maxTokens * TITLE_SHARE);
  return groups(document.sections, encode, maxTokens).flatMap((sections) => {
    const paths = sections.map(({ headings }) => headings);
    const distinct = paths.filter((path, i) => i === 0 || !sameHeadings(path, paths[i - 1]!));
    const title = passageTitle(document.title, distinct, encode, titleLimit);
    const block = (text: string) => encode(passageText(title, text));
    const room = maxTokens - block('').length;
    const pieces = sections.flatMap(({ content }) =>
      content.flatMap((block) => piecesOf(block, encode, room)),
    );
    return pack(pieces, { title, block, room, maxTokens });
  });
}

/** Sections that share passages: those under the same headings, and tiny neighbours. */
function groups(
  sections: readonly Section[],
  encode: SplitOptions['encode'],
  maxTokens: number,
): Section[][] {
  const limit = maxTokens * TINY_SHARE;
  const grouped: { sections: Section[]; tokens: number; mixed: boolean }[] = [];
  for (const section of sections) {
    const last = grouped.at(-1);
    const tokens = tinySize(section, encode, maxTokens);
    const same = last !== undefined && sameHeadings(last.sections.at(-1)!.headings, section.headings);
    const bothTiny = last !== undefined && last.tokens <= limit && tokens <= limit;
    if (bothTiny || (same && !last.mixed)) {
      last.sections.push(section);
      last.tokens += tokens;
      last.mixed ||= !same;
    } else grouped.push({ sections: [section], tokens, mixed: false });
  }
  return grouped.map((group) => group.sections);
}

/** Tokens of a small section, infinity for a larger one: its text need not be encoded here. */
function tinySize(section: Section, encode: SplitOptions['encode'], maxTokens: number): number {
  const texts = section.content.map(blockText);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  return length <= maxTokens ? encode(texts.join('\n\n')).length : Number.POSITIVE_INFINITY;
}
