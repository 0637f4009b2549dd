/** The relevance floor: decides which of the passages found are given to the model. */

/**
 * Similarity that the best passage must reach, or the question has nothing to do with the collection.
 *
 * Measured with tests/eval/relevance.ts on 100 questions each of SQuAD, NaturalQuestions, HotpotQA and TriviaQA.
 * Refused at 0.30 although the answer is there: 3, 0, 0, 0 % (at 0.40: 9, 0, 1, 1 %). Refused rightly, of the
 * other sets' questions and of 30 everyday or nonsense questions: 97-98 % and 99 % in collections of 10 to 20
 * passages; 28-70 % and 73-93 % in collections of 200 to 2,000 passages on everything. So it is set low: to
 * refuse a real question is worse than to answer from a weak passage.
 */
export const QUESTION_FLOOR = 0.3;

/** Below this, no passage with an answer was seen (0 of about 550); of the other passages, 16 % lie below it. */
export const PASSAGE_FLOOR = 0.15;

/** A passage found, with its text. */
export interface FoundPassage {
  /** Cosine similarity to the question (Hit.similarity). */
  similarity: number;
  /** Title and text. */
  text: string;
}

/**
 * The passages to answer from, in the order given; none when the question has nothing to do with them.
 * An identifier that question and passage share ("ERR_4711", "20391") makes a passage relevant at any
 * similarity: embeddings do not know such words.
 */
export function relevantPassages<P extends FoundPassage>(question: string, passages: readonly P[]): P[] {
  const asked = identifiers(question);
  const named = ({ text }: P) => asked.size > 0 && [...identifiers(text)].some((word) => asked.has(word));
  const matches = passages.map((passage) => ({ passage, named: named(passage) }));
  const answerable = matches.some(({ passage, named }) => named || passage.similarity >= QUESTION_FLOOR);
  if (!answerable) return [];
  return matches
    .filter(({ passage, named }) => named || passage.similarity >= PASSAGE_FLOOR)
    .map(({ passage }) => passage);
}

/** Words that start with a letter and hold a digit, or hold five digits in a row; years and "19th" are none. */
function identifiers(text: string): Set<string> {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+(?:[._/-][\p{L}\p{N}]+)*/gu) ?? [];
  return new Set(words.filter((word) => /^\p{L}.*\d|\d{5}/u.test(word)));
}
