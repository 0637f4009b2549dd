/** The relevance floor: decides which of the passages found are given to the model. */
import type { EmbeddingModel } from './embedder.ts';
import { identifiersOf } from './identifiers.ts';
import { foldText, holdsWord, isInAnotherLanguage, questionWords } from './question-words.ts';

/**
 * A question is answered when the cosine similarity of the nearest passage, plus half the share of its subject words
 * that one passage holds, reaches this. Below, it has nothing to do with the collection. Of many passages one is by
 * chance nearer than of few: where all there are were looked at, less is enough.
 *
 * Measured with tests/eval/relevance.ts (docs/lab/accuracy.md has its table): by similarity alone, as it was before, to
 * refuse as few real questions meant to answer half of the others in a collection of 500 passages.
 */
export const QUESTION_FLOOR = 0.62;
export const SMALL_FLOOR = 0.5;
export const WORDS_WEIGHT = 0.5;

/** In a language that the embedder does not know, one passage must hold this share of the subject words. */
export const WORDS_FLOOR = 1 / 3;

/** Where question and passage are of two languages they share few words, and unrelated texts are less alike. */
export const OTHER_LANGUAGE_FLOOR = 0.3;

/** Below this, no passage with an answer was seen (0 of about 550); of the other passages, 16 % lie below it. */
export const PASSAGE_FLOOR = 0.15;

/** So much of a passage tells its language. */
const LANGUAGE_CHARACTERS = 600;

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
  /** 0: as of texts that have nothing to do with one another. */
  similarity: number;
}

/**
 * The passages to answer from, in the order given; none when the question has nothing to do with them.
 * @param questions the question in one or more forms (alone, and with what it leans on): one that is answerable is
 * enough; `whole`: the passages are all that there are
 */
export function relevantPassages<P extends FoundPassage>(
  questions: readonly string[],
  passages: readonly P[],
  { unrelated, english }: Pick<EmbeddingModel, 'unrelated' | 'english'>,
  { whole }: { whole: boolean },
): P[] {
  const texts = passages.map(({ text }) => ({ folded: foldText(text), identifiers: identifiersOf(text) }));
  const ownFloor = whole ? SMALL_FLOOR : QUESTION_FLOOR;
  const judged = [...new Set(questions)].map((question) => {
    const asked = identifiersOf(question, { anyCase: true });
    const { words, language = 'en' } = questionWords(question);
    const total = words.reduce((sum, { weight }) => sum + weight, 0);
    const evidence = texts.map(({ folded, identifiers }, i): Evidence => {
      const held = words.reduce((sum, { word, weight }) => sum + (holdsWord(folded, word) ? weight : 0), 0);
      return {
        named: [...asked].some((identifier) => identifiers.has(identifier)),
        held: total === 0 ? 0 : held / total,
        similarity: (passages[i]!.similarity - unrelated) / (1 - unrelated),
      };
    });
    const known = !english || language === 'en';
    const nearest = passages[indexOfMost(evidence.map(({ similarity }) => similarity))];
    const floor =
      nearest === undefined || !isInAnotherLanguage(nearest.text.slice(0, LANGUAGE_CHARACTERS), language)
        ? ownFloor
        : OTHER_LANGUAGE_FLOOR;
    return { evidence, answerable: isAnswerable(evidence, known ? floor : undefined) };
  });
  const answerable = judged.filter((one) => one.answerable);
  return passages.filter((_, i) =>
    answerable.some(({ evidence }) => {
      const { named, held, similarity } = evidence[i]!;
      return named || held >= WORDS_FLOOR || similarity >= PASSAGE_FLOOR;
    }),
  );
}

/** @param floor for similarity and words together; undefined where similarity says nothing */
function isAnswerable(evidence: readonly Evidence[], floor: number | undefined): boolean {
  if (evidence.some(({ named }) => named)) return true;
  const held = Math.max(0, ...evidence.map((one) => one.held));
  if (floor === undefined) return held >= WORDS_FLOOR - 1e-9;
  const similarity = Math.max(0, ...evidence.map((one) => one.similarity));
  return similarity + WORDS_WEIGHT * held >= floor;
}

function indexOfMost(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
