/** Blocks as lines of text, for cells, notes and headers. */
import type { Block } from '../types.ts';

/** The lines of a block; a table's row is one, its cells apart by `separator`. */
export function blockLines(block: Block, separator = ', '): string[] {
  if (block.kind !== 'table') return block.text.split('\n').map((line) => line.trim());
  const { caption, header, rows } = block;
  const all = header === undefined ? rows : [header, ...rows];
  const lines = all.map((row) => row.filter((cell) => cell !== '').join(separator));
  return caption === undefined ? lines : [caption, ...lines];
}

/** All of a block as text. */
export function linesText(block: Block): string {
  return block.kind === 'table' ? blockLines(block, ' | ').join('\n') : block.text;
}
