/**
 * Prompt lookup: what stands behind the newest place in the passages, the question and the answer so far that ends as
 * the answer does now is what may come next. The model checks a whole draft in one run (answer.ts).
 */

/** Tokens that must be the same before a draft is made, and the tokens drafted: the longer the match, the surer. */
const DRAFTED = new Map([
  [4, 8],
  [3, 6],
  [2, 4],
]);
const LONGEST = 4;
const SHORTEST = 2;

/** Below this share of accepted tokens, drafts cost more than they save: they end for this answer. */
const WORTHWHILE = 0.3;
/** Drafted tokens after which the share counts. */
const TRIAL = 16;

const NONE: Uint32Array = new Uint32Array();

/** Makes drafts of what may come next in one greedy answer. */
export interface Drafter {
  /** The answer's next token. */
  push(token: number): void;
  /** What may come next, up to `room` tokens; none where nothing is likely enough. */
  draft(room: number): Uint32Array;
  /** How many tokens of a draft the model would have said too. */
  checked(drafted: number, accepted: number): void;
}

export class PromptLookup implements Drafter {
  /** Prompt and answer so far. */
  #tokens: Uint32Array;
  #length: number;
  #mayDraft: () => boolean;
  #drafted = 0;
  #accepted = 0;

  /**
   * @param room tokens of the answer at most
   * @param mayDraft asked before each draft
   */
  constructor(prompt: readonly Uint32Array[], room: number, mayDraft: () => boolean = () => true) {
    this.#mayDraft = mayDraft;
    this.#length = prompt.reduce((sum, part) => sum + part.length, 0);
    this.#tokens = new Uint32Array(this.#length + room);
    let at = 0;
    for (const part of prompt) {
      this.#tokens.set(part, at);
      at += part.length;
    }
  }

  push(token: number): void {
    this.#tokens[this.#length++] = token;
  }

  draft(room: number): Uint32Array {
    const worthwhile = this.#drafted < TRIAL || this.#accepted >= WORTHWHILE * this.#drafted;
    const match = worthwhile && room > 0 && this.#mayDraft() ? this.#match() : undefined;
    if (match === undefined) return NONE;
    const draft = new Uint32Array(Math.min(DRAFTED.get(match.same)!, room));
    for (let i = 0; i < draft.length; i++) {
      const at = match.end + i;
      // A match that reaches the end goes on with the draft itself: the answer repeats.
      draft[i] = at < this.#length ? this.#tokens[at]! : draft[at - this.#length]!;
    }
    return draft;
  }

  checked(drafted: number, accepted: number): void {
    this.#drafted += drafted;
    this.#accepted += accepted;
  }

  /** The end of the newest place with the longest match, and how many tokens are the same there. */
  #match(): { end: number; same: number } | undefined {
    const tokens = this.#tokens;
    const length = this.#length;
    const last = tokens[length - 1];
    let best: { end: number; same: number } | undefined;
    for (let end = length - 1; end >= SHORTEST; end--) {
      if (tokens[end - 1] !== last) continue;
      let same = 1;
      while (same < LONGEST && same < end && tokens[end - 1 - same] === tokens[length - 1 - same]) same++;
      if (same < SHORTEST || same <= (best?.same ?? 0)) continue;
      best = { end, same };
      if (same === LONGEST) break;
    }
    return best;
  }
}
