/** The relevance floor: decides which of the passages found are given to the model. */
import { identifiersOf } from './identifiers.ts';
import { foldText, holdsWord, questionWords } from './question-words.ts';

/**
 * A question is answered when the cosine similarity of the nearest passage, plus half the share of its subject words
 * that one passage holds, reaches this. Below, it has nothing to do with the collection.
 *
 * Measured with tests/eval/relevance.ts (its table is in docs/lab/accuracy.md): English questions of SQuAD,
 * NaturalQuestions, HotpotQA, TriviaQA and 2WikiMultihopQA are wrongly refused in 0.7 to 1 %; questions of the other
 * sets are refused in 99.8 % of collections of 10 passages, 98 % of 100 and 85 % of 1,000.
 */
export const QUESTION_FLOOR = 0.6;
export const WORDS_WEIGHT = 0.5;

/** In a language that the embedder does not know, one passage must hold this share of the subject words. */
export const WORDS_FLOOR = 1 / 3;

/** Below this, no passage with an answer was seen (0 of about 550); of the other passages, 16 % lie below it. */
export const PASSAGE_FLOOR = 0.15;

/** A passage found, with its text. */
export interface FoundPassage {
  /** Cosine similarity to the question (Hit.similarity). */
  similarity: number;
  /** Title and text. */
  text: string;
}

/** What speaks for a passage. */
interface Evidence {
  /** Question and passage share an identifier: embeddings do not know such words. */
  named: boolean;
  /** Share of the question's subject words that the passage holds, by weight, 0 to 1. */
  held: number;
  similarity: number;
}

/**
 * The passages to answer from, in the order given; none when the question has nothing to do with them.
 * @param questions the question in one or more forms (alone, and with what it leans on): one that is answerable is
 * enough
 */
export function relevantPassages<P extends FoundPassage>(
  questions: readonly string[],
  passages: readonly P[],
): P[] {
  const texts = passages.map(({ text }) => ({ folded: foldText(text), identifiers: identifiersOf(text) }));
  const judged = [...new Set(questions)].map((question) => {
    const asked = identifiersOf(question, { anyCase: true });
    const { words, language = 'en' } = questionWords(question);
    const total = words.reduce((sum, { weight }) => sum + weight, 0);
    const evidence = texts.map(({ folded, identifiers }, i): Evidence => {
      const held = words.reduce((sum, { word, weight }) => sum + (holdsWord(folded, word) ? weight : 0), 0);
      return {
        named: [...asked].some((identifier) => identifiers.has(identifier)),
        held: total === 0 ? 0 : held / total,
        similarity: passages[i]!.similarity,
      };
    });
    return { evidence, answerable: isAnswerable(evidence, language === 'en') };
  });
  const answerable = judged.filter((one) => one.answerable);
  return passages.filter((_, i) =>
    answerable.some(({ evidence }) => {
      const { named, held, similarity } = evidence[i]!;
      return named || held >= WORDS_FLOOR || similarity >= PASSAGE_FLOOR;
    }),
  );
}

function isAnswerable(evidence: readonly Evidence[], known: boolean): boolean {
  if (evidence.some(({ named }) => named)) return true;
  const held = Math.max(0, ...evidence.map((one) => one.held));
  if (!known) return held >= WORDS_FLOOR - 1e-9;
  const similarity = Math.max(0, ...evidence.map((one) => one.similarity));
  return similarity + WORDS_WEIGHT * held >= QUESTION_FLOOR;
}
