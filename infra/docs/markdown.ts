/** Pieces of Markdown that the pages of docs/reference are made of. */

/** Says on each page where it comes from. */
export const generatedFrom = (source: string) =>
  `<!-- Made from ${source} by \`npm run docs\`: edit that file, not this one. -->\n`;

/** A table; bars inside cells are escaped, and line breaks become spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return `${[line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')}\n`;
}

const escapeCell = (cell: string) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');

export const code = (text: string) => `\`${text}\``;
