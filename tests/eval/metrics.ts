/** How an answer is judged. */

/**
 * Lower case, without punctuation and articles, single spaces: as the recipe does it (infra/finetune/data.py), so
 * that both count the same answers.
 */
export function normalise(text: string): string {
  const words = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s]/gu, '')
    .split(/\s+/);
  return words.filter((word) => word !== '' && !['a', 'an', 'the'].includes(word)).join(' ');
}

export interface Judgement {
  /** The paper's metric: a normalised gold answer is a substring of the normalised output. */
  contained: boolean;
  /** A normalised gold answer is the normalised output. */
  exact: boolean;
  /** F1 of the words, of the gold answer that fits best; 0 to 1. */
  f1: number;
}

/** Judges an output by its gold answers; those of which normalisation leaves nothing do not count. */
export function judge(output: string, answers: readonly string[]): Judgement {
  const said = normalise(output);
  const golds = answers.map(normalise).filter((gold) => gold !== '');
  return {
    contained: golds.some((gold) => said.includes(gold)),
    exact: golds.includes(said),
    f1: Math.max(0, ...golds.map((gold) => wordF1(said, gold))),
  };
}

function wordF1(said: string, gold: string): number {
  const left = new Map<string, number>();
  const goldWords = gold.split(' ');
  for (const word of goldWords) left.set(word, (left.get(word) ?? 0) + 1);
  const saidWords = said === '' ? [] : said.split(' ');
  let shared = 0;
  for (const word of saidWords) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  return (2 * shared) / (saidWords.length + goldWords.length);
}
