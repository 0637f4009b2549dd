/** The line of HTML text under way: white space collapsed as browsers do, with parts that are rewritten at their end. */

const CJK = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/;

/** A place in the line that a part starts at. */
export interface Mark {
  at: number;
  line: number;
}

/** Collects text in pieces, so that no long string is built twice. */
export class Line {
  #parts: string[] = [];
  #count = 0;
  #endsInSpace = true;

  /** Adds text of the page; white space is one blank. */
  add(text: string): void {
    const collapsed = collapse(text);
    this.#push(this.#endsInSpace && collapsed.startsWith(' ') ? collapsed.slice(1) : collapsed);
  }

  /** Adds words that stand apart from what is before and after them. */
  addWords(text: string, hasLines = false): void {
    if (text.trim() === '') return;
    this.add(' ');
    if (hasLines) this.addExactly(text);
    else this.add(text);
    this.add(' ');
  }

  /** Adds text as it is, line breaks included. */
  addExactly(text: string): void {
    this.#push(text);
  }

  /** Adds what belongs to the text before it. */
  addAfter(text: string): void {
    this.#push(this.#endsInSpace ? text.trimStart() : text);
  }

  /** The last piece of text, "" at the start of the line. */
  get tail(): string {
    return this.#parts.at(-1) ?? '';
  }

  mark(): Mark {
    return { at: this.#parts.length, line: this.#count };
  }

  /** Whether the line of a mark is still under way. */
  isCurrent({ line }: Mark): boolean {
    return line === this.#count;
  }

  /** Takes away what was added since a mark. */
  takeFrom(mark: Mark): string {
    const taken = this.#parts.splice(this.isCurrent(mark) ? mark.at : 0).join('');
    this.#endsInSpace = /^$|\s$/.test(this.tail.slice(-1));
    return taken;
  }

  /** What was added since a mark. */
  textFrom(mark: Mark): string {
    return this.#parts.slice(this.isCurrent(mark) ? mark.at : 0).join('');
  }

  /** Ends the line: its text, line breaks kept, blanks beside them gone. */
  end(): string {
    const text = this.#parts.join('');
    this.#parts = [];
    this.#count += 1;
    this.#endsInSpace = true;
    if (!text.includes('\n')) return text.trim();
    return text
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
      .trim();
  }

  #push(text: string): void {
    if (text === '') return;
    this.#parts.push(text);
    this.#endsInSpace = /\s$/.test(text.slice(-1));
  }
}

function collapse(text: string): string {
  if (!/[^\S ]| {2}/.test(text)) return text;
  if (!CJK.test(text)) return text.replace(/\s+/g, ' ');
  // Chinese and Japanese lines go on without a blank.
  return text.replace(/\s+/g, (run, at: number, all: string) => {
    const joins = run.includes('\n') && CJK.test(all[at - 1] ?? '') && CJK.test(all[at + run.length] ?? '');
    return joins ? '' : ' ';
  });
}
