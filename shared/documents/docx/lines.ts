/** Paragraphs that make one block together: the items of a list, lines of code, a table of contents. */
import type { Block } from '../types.ts';

type Kind = 'list' | 'toc' | 'code';

export class Lines {
  #kind: Kind | undefined;
  #lines: { text: string; level: number }[] = [];

  /** Whether a paragraph goes on with what is under way. */
  accepts(kind: Kind): boolean {
    return this.#kind === undefined || this.#kind === kind;
  }

  /** Whether there are lines of a kind under way. */
  isOf(kind: Kind): boolean {
    return this.#kind === kind;
  }

  add(kind: Kind, text: string, level: number): void {
    this.#kind = kind;
    this.#lines.push({ text, level });
  }

  /** The block, indented by two blanks for each level below the outermost. */
  take(): Block | undefined {
    const lines = this.#lines;
    const kind = this.#kind;
    this.#lines = [];
    this.#kind = undefined;
    if (kind === undefined) return undefined;
    const outermost = lines.reduce((least, { level }) => Math.min(least, level), Number.POSITIVE_INFINITY);
    const text = lines
      .map(({ text, level }) => {
        const indent = '  '.repeat(level - outermost);
        return indent + (kind === 'list' ? text.replaceAll('\n', `\n${indent}  `) : text);
      })
      .join('\n');
    return { kind: kind === 'code' ? 'code' : 'text', text };
  }
}
