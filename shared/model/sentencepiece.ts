/**
 * Tokens as SentencePiece's BPE makes them (gemma): spaces are written as U+2581, neighbours are merged into the token
 * of the best score, and what is no token becomes its UTF-8 bytes. Nothing is put before a text.
 */

/** What a text is cut with. */
export interface Pieces {
  /** Token strings by id. */
  tokens: readonly string[];
  /** By id; the higher, the earlier two neighbours become this token. null: no merge makes it. */
  scores: readonly (number | null)[];
  /** Ids of tokens that are found in a text before anything is merged: runs of spaces, HTML tags. */
  whole: readonly number[];
}

const SPACE = '\u2581';
const BYTE = /^<0x([0-9A-F]{2})>$/;

/** Spaces and line ends, and HTML tags by gemma's list; marks of its own, such as <unused7>, are none. */
const FOUND_WHOLE = /^(?:[\s\u2581]+|<\/?(?!unused|pad>|eos>|bos>|unk>|mask>)[a-z]+[1-6]?>)$/;

/** Whether a token that the vocabulary's makers have added stands for ordinary text: others are special. */
export function isFoundWhole(token: string): boolean {
  return FOUND_WHOLE.test(token);
}

export class SentencePiece {
  readonly #pieces: Pieces;
  /** What merges may make, and characters that are tokens. */
  readonly #ids = new Map<string, number>();
  readonly #byteIds: number[] = [];
  readonly #whole = new Map<string, number>();
  readonly #wholePattern: RegExp | undefined;

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
    for (const [id, token] of pieces.tokens.entries()) {
      const byte = BYTE.exec(token);
      if (byte !== null) this.#byteIds[Number.parseInt(byte[1]!, 16)] = id;
      else if (pieces.scores[id] !== null) this.#ids.set(token, id);
    }
    for (const id of pieces.whole) this.#whole.set(pieces.tokens[id]!.replaceAll(SPACE, ' '), id);
    const longestFirst = [...this.#whole.keys()].sort((a, b) => b.length - a.length);
    const literals = longestFirst.map((token) => token.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
    this.#wholePattern = literals.length > 0 ? new RegExp(`(${literals.join('|')})`) : undefined;
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    // Halves of surrogate pairs become U+FFFD, as in UTF-8.
    const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
    const parts = this.#wholePattern === undefined ? [wellFormed] : wellFormed.split(this.#wholePattern);
    for (const part of parts) {
      const whole = this.#whole.get(part);
      if (whole !== undefined) ids.push(whole);
      else if (part !== '') this.#merge(part.replaceAll(' ', SPACE), ids);
    }
    return ids;
  }

  /** The UTF-8 bytes of a token. */
  bytes(id: number): Uint8Array {
    const token = this.#pieces.tokens[id] ?? '';
    const byte = BYTE.exec(token);
    if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
    return new TextEncoder().encode(token.replaceAll(SPACE, ' '));
  }

  /** Appends the ids of a text without spaces. */
  #merge(text: string, ids: number[]): void {
    // Symbols by their number: where each starts in the text, and its neighbours. A merged one has no length.
    const starts: number[] = [];
    for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) starts.push(at);
    const count = starts.length;
    const ends = Int32Array.from({ length: count }, (_, i) => starts[i + 1] ?? text.length);
    const next = Int32Array.from({ length: count }, (_, i) => i + 1);
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    const queue = new MergeQueue();
    const offer = (left: number) => {
      const right = next[left]!;
      if (left < 0 || right >= count) return;
      const id = this.#ids.get(text.slice(starts[left], ends[right]));
      if (id !== undefined) queue.push({ left, right, end: ends[right]!, score: this.#pieces.scores[id]! });
    };
    for (let i = 0; i + 1 < count; i++) offer(i);
    for (let best = queue.pop(); best !== undefined; best = queue.pop()) {
      const { left, right, end } = best;
      // Offers of symbols that have changed since are void.
      if (next[left] !== right || ends[right] !== end) continue;
      ends[left] = end;
      next[left] = next[right]!;
      if (next[right]! < count) previous[next[right]!] = left;
      next[right] = -1;
      if (previous[left]! >= 0) offer(previous[left]!);
      offer(left);
    }
    for (let i = 0; i < count; i = next[i]!) this.#append(text.slice(starts[i], ends[i]), ids);
  }

  /** The token of that string, else its bytes; a byte without a token is left out. */
  #append(piece: string, ids: number[]): void {
    const id = this.#ids.get(piece);
    if (id !== undefined) ids.push(id);
    else {
      for (const byte of new TextEncoder().encode(piece)) {
        const byteId = this.#byteIds[byte];
        if (byteId !== undefined) ids.push(byteId);
      }
    }
  }
}

/** Two neighbours that could be one token. */
interface Merge {
  left: number;
  right: number;
  /** Where the right one ended when this was offered. */
  end: number;
  score: number;
}

const isBefore = (a: Merge, b: Merge) => a.score > b.score || (a.score === b.score && a.left < b.left);

/** A binary heap: the best score first, of equal ones the leftmost. */
class MergeQueue {
  #heap: Merge[] = [];

  push(merge: Merge): void {
    const heap = this.#heap;
    let at = heap.push(merge) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(merge, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = merge;
  }

  pop(): Merge | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
