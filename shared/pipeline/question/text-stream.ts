/** Turns tokens into text as they arrive, without broken characters, and ends the text before a stop string. */
import type { Tokenizer } from '../../model/tokenizer.ts';

export class TextStream {
  #tokenizer: Tokenizer;
  #stop: readonly string[];
  #decoder = new TextDecoder();
  /** Text that might be the beginning of a stop string. */
  #held = '';
  #stopped = false;

  constructor(tokenizer: Tokenizer, stop: readonly string[]) {
    this.#tokenizer = tokenizer;
    this.#stop = stop.filter((text) => text !== '');
  }

  /** True once a stop string has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes a token; gives the text that is certain by now, maybe ''. */
  push(id: number): string {
    if (this.#stopped) return '';
    this.#held += this.#decoder.decode(this.#tokenizer.bytes(id), { stream: true });
    return this.#release();
  }

  /** The rest, when no more tokens come; bytes that never became a character are U+FFFD. */
  end(): string {
    if (this.#stopped) return '';
    this.#held += this.#decoder.decode();
    const text = this.#release();
    const rest = this.#stopped ? '' : this.#held;
    this.#held = '';
    return text + rest;
  }

  #release(): string {
    const found = this.#stop
      .map((text) => this.#held.indexOf(text))
      .filter((at) => at >= 0)
      .sort((a, b) => a - b)[0];
    if (found !== undefined) {
      this.#stopped = true;
      return this.#held.slice(0, found);
    }
    let keep = 0;
    for (const text of this.#stop) {
      for (let n = Math.min(text.length - 1, this.#held.length); n > keep; n--) {
        if (this.#held.endsWith(text.slice(0, n))) keep = n;
      }
    }
    const text = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(text.length);
    return text;
  }
}
