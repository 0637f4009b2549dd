/** Collects what scanners of line-based markup (reStructuredText, AsciiDoc, org, LaTeX) find into blocks. */
import type { Block } from '../types.ts';

export class MarkupBlocks {
  readonly blocks: Block[] = [];
  #paragraph: string[] = [];
  #rows: string[][] = [];

  /** A line of the paragraph or list under way. */
  text(line: string): void {
    this.#endTable();
    this.#paragraph.push(line);
  }

  row(cells: string[]): void {
    this.#endParagraph();
    this.#rows.push(cells);
  }

  heading(level: number, text: string): void {
    this.end();
    this.blocks.push({ kind: 'heading', level, text });
  }

  code(lines: readonly string[]): void {
    this.end();
    this.blocks.push({ kind: 'code', text: unindented(lines).join('\n') });
  }

  /** What was under way ends here. */
  end(): Block[] {
    this.#endParagraph();
    this.#endTable();
    return this.blocks;
  }

  #endParagraph(): void {
    const text = this.#paragraph.join('\n');
    this.#paragraph = [];
    if (text.trim() !== '') this.blocks.push({ kind: 'text', text });
  }

  #endTable(): void {
    const [header, ...rows] = this.#rows;
    this.#rows = [];
    if (header === undefined) return;
    this.blocks.push(rows.length === 0 ? { kind: 'table', rows: [header] } : { kind: 'table', header, rows });
  }
}

/** The next line from `from` on that passes; the number of lines where there is none. */
export function nextLine(lines: readonly string[], from: number, test: (line: string) => boolean): number {
  let at = from;
  while (at < lines.length && !test(lines[at]!)) at++;
  return at;
}

/** Columns of blanks before a line. */
export function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Lines without the indentation that all of them have. */
export function unindented(lines: readonly string[]): string[] {
  const indent = Math.min(
    ...lines
      .slice(0, 10_000)
      .filter((line) => line.trim() !== '')
      .map(indentOf),
  );
  return Number.isFinite(indent)
    ? lines.map((line) => line.slice(Math.min(indent, indentOf(line))))
    : [...lines];
}
