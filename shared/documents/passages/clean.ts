/** Cleans the text of blocks of what is no text in any format. */
import type { Block } from '../types.ts';

/** Letters that the joiners \u200c and \u200d mean nothing between; in Persian, Indic scripts and emoji they do. */
const JOINERS =
  /(?<=[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}\p{Nd}])[\u200c\u200d]|[\u200c\u200d](?=[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}\p{Nd}])/gu;

/** The block with clean text: headings and cells on one line, no blank lines around the others. */
export function cleanBlock(block: Block): Block {
  switch (block.kind) {
    case 'heading':
      return { ...block, text: oneLine(cleanText(block.text)) };
    case 'text':
    case 'code':
      return { ...block, text: trimBlankLines(cleanText(block.text)) };
    case 'table': {
      const { caption, header, rows } = block;
      return {
        ...block,
        caption: oneLine(cleanText(caption ?? '')) || undefined,
        header: header?.some(hasText) ? cleanRow(header) : undefined,
        rows: rows.filter((row) => row.some(hasText)).map(cleanRow),
      };
    }
  }
}

/** Whether there is nothing to read in a clean block. */
export function isEmpty(block: Block): boolean {
  if (block.kind !== 'table') return block.text === '';
  return block.rows.length === 0 && block.header === undefined && block.caption === undefined;
}

/**
 * Removes control characters, soft hyphens and characters without width. Lone surrogates, which PDF fonts make, become
 * U+FFFD.
 */
export function cleanText(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\0-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u2060\ufeff]/g, '')
      .replace(JOINERS, '')
      .replace(/\p{Surrogate}/gu, '\ufffd')
  );
}

/** Text on one line, without white space at its ends. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function cleanRow(row: readonly string[]): string[] {
  return row.map((cell) => oneLine(cleanText(cell)));
}

function hasText(cell: string): boolean {
  return /\S/.test(cleanText(cell));
}

/** The first line keeps its indentation: it may be code. */
function trimBlankLines(text: string): string {
  const start = text.search(/\S/);
  return start < 0 ? '' : text.slice(text.lastIndexOf('\n', start) + 1).trimEnd();
}
