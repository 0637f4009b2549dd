/** Compares the words of two readings of one document. */

/** Scripts without spaces: a letter is a word. */
const WORD = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}]|[\p{L}\p{M}\p{N}]+/gu;

/** The words of a text, without case and compatibility forms; hyphens join. */
export function wordsOf(text: string): string[] {
  const joined = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\u00ad/g, '')
    .replace(/[-\u2010\u2011]\s*/g, '');
  return joined.match(WORD) ?? [];
}

/** Words of the reference that the other text has too, each as often as both have it. */
export function sharedWords(reference: readonly string[], other: readonly string[]): number {
  const left = countsOf(other);
  let shared = 0;
  for (const word of reference) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  return shared;
}

/** Of the words that occur once in both, the share that the longest subsequence in the same order has; 1 for none. */
export function orderOf(reference: readonly string[], other: readonly string[]): number {
  const once = (words: readonly string[]) => {
    const counts = countsOf(words);
    return new Map(words.map((word, i) => [word, i] as const).filter(([word]) => counts.get(word) === 1));
  };
  const places = once(other);
  const found = [...once(reference).keys()].flatMap((word) => places.get(word) ?? []);
  return found.length === 0 ? 1 : longestIncreasing(found) / found.length;
}

/** Length of the longest increasing subsequence (patience sorting). */
function longestIncreasing(numbers: readonly number[]): number {
  const tails: number[] = [];
  for (const number of numbers) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle]! < number) low = middle + 1;
      else high = middle;
    }
    tails[low] = number;
  }
  return tails.length;
}

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
