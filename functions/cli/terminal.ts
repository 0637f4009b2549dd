/** What goes to the terminal: results on stdout, progress and errors on stderr. */
import type { DocumentView } from '../../shared/api/views/document.ts';
import { toBlockragError } from '../../shared/errors.ts';

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A remark that is no result: on stderr. */
export function printNote(text: string): void {
  process.stderr.write(`${plain(text)}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Text of documents and models is not trusted: control characters (terminal escapes among them) become spaces. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ');
}

/** "1 passage", "2 passages". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** "12.3 MB". */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What was recognised of a document's pages, if anything: ["2 of 3 pages recognised"]. */
export function recognisedPages(pages: DocumentView['pages']): string[] {
  if (pages === null || pages.recognised === 0) return [];
  return [`${pages.recognised} of ${counted(pages.total, 'page')} recognised`];
}

/** An error on one line, or as JSON; gives the exit code. */
export function printError(thrown: unknown, json: boolean): number {
  const error = toBlockragError(thrown);
  if (json) printJson({ error: { ...error.data, code: error.code, message: error.message } });
  else process.stderr.write(`error: ${plain(error.message)} (${error.code})\n`);
  if (process.env.BLOCKRAG_DEBUG) process.stderr.write(`${(thrown as Error)?.stack ?? thrown}\n`);
  return error.code === 'cancelled' ? 130 : 1;
}

/** Progress of long work on one line of stderr: redrawn on a terminal, one line a phase elsewhere. */
export class ProgressLine {
  #phase = '';
  #drawn = false;
  #quiet: boolean;
  /** Where the phase stood when it was first drawn, and when that was. */
  #from = { done: 0, at: 0 };

  constructor(options: { quiet?: boolean } = {}) {
    this.#quiet = options.quiet ?? false;
  }

  /** @param unit bytes are shown in MB, with the time left */
  update(phase: string, done: number, total: number | undefined, unit: 'bytes' | 'count' = 'count'): void {
    if (this.#quiet) return;
    if (!process.stderr.isTTY) {
      if (phase !== this.#phase) process.stderr.write(`${phase} ...\n`);
      this.#phase = phase;
      return;
    }
    if (phase !== this.#phase || done < this.#from.done) this.#from = { done, at: performance.now() };
    this.#phase = phase;
    const show = (n: number) => (unit === 'bytes' ? megabytes(n) : String(n));
    const of = total === undefined ? show(done) : `${show(done)} / ${show(total)}`;
    const bar = total ? `${drawBar(done / total)} ` : '';
    const seconds = (performance.now() - this.#from.at) / 1000;
    const left = unit === 'bytes' && total ? timeLeft(done - this.#from.done, total - done, seconds) : '';
    process.stderr.write(`\r\x1b[K${phase} ${bar}${done > 0 || total !== undefined ? of : ''}${left}`);
    this.#drawn = true;
  }

  /** Clears the line. */
  end(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K');
    this.#drawn = false;
    this.#phase = '';
  }
}

/**
 * How long work will still take at the pace so far; nothing while that cannot be said yet.
 *
 * @param done, left in the same unit
 * @param seconds what `done` has taken
 */
export function timeLeft(done: number, left: number, seconds: number): string {
  if (seconds < 2 || done <= 0 || left <= 0) return '';
  const remaining = Math.ceil((left / done) * seconds);
  return remaining < 120 ? `, ${remaining} s left` : `, ${Math.round(remaining / 60)} min left`;
}

function drawBar(share: number): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * 24);
  return `[${'#'.repeat(filled)}${'.'.repeat(24 - filled)}]`;
}
