/** The relevance floor: decides which of the passages found are given to the model. */
import type { EmbeddingModel } from './embedder.ts';
import { identifiersOf } from './identifiers.ts';
import {
  type FoldedText,
  foldText,
  holdsWord,
  isInAnotherLanguage,
  questionWords,
} from './question-words.ts';

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
export const WORDS_FLOOR = 0.33;

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

/** What a question finds in the passages. */
interface Judgement {
  evidence: Evidence[];
  answerable: boolean;
  /** In a language that the embedder does not know similarity says nothing. */
  byWords: boolean;
}

/**
 * The passages to answer from; none when the question has nothing to do with them. They stay in the order given, but
 * where words alone decide, those that hold more of the question's come first.
 * @param questions the question in one or more forms (alone, and with what it leans on): one that is answerable is
 * enough
 * @param model the embedding model that the similarities are of
 * @param options whole: the passages are all that the collection has
 */
export function relevantPassages<P extends FoundPassage>(
  questions: readonly string[],
  passages: readonly P[],
  model: Pick<EmbeddingModel, 'unrelated' | 'english'>,
  options: { whole: boolean },
): P[] {
  if (passages.length === 0) return [];
  const texts = passages.map(({ text }) => ({ folded: foldText(text), identifiers: identifiersOf(text) }));
  const judgements = [...new Set(questions)]
    .map((question) => judge(question, passages, texts, model, options))
    .filter(({ answerable }) => answerable);
  const kept = passages.flatMap((passage, i) => {
    const evidence = judgements.map((one) => one.evidence[i]!);
    const held = Math.max(0, ...evidence.map((one) => one.held));
    const keeps = evidence.some(
      (one) => one.named || one.held >= WORDS_FLOOR || one.similarity >= PASSAGE_FLOOR,
    );
    return keeps ? [{ passage, held }] : [];
  });
  if (judgements.every(({ byWords }) => byWords)) kept.sort((a, b) => b.held - a.held);
  return kept.map(({ passage }) => passage);
}

function judge(
  question: string,
  passages: readonly FoundPassage[],
  texts: readonly { folded: FoldedText; identifiers: ReadonlySet<string> }[],
  { unrelated, english }: Pick<EmbeddingModel, 'unrelated' | 'english'>,
  { whole }: { whole: boolean },
): Judgement {
  const asked = [...identifiersOf(question, { anyCase: true })];
  const { words, language = isAscii(question) ? 'en' : undefined } = questionWords(question);
  const total = words.reduce((sum, { weight }) => sum + weight, 0);
  const evidence = texts.map(({ folded, identifiers }, i): Evidence => {
    const held = words.reduce((sum, { word, weight }) => sum + (holdsWord(folded, word) ? weight : 0), 0);
    return {
      named: asked.some((identifier) => identifiers.has(identifier)),
      held: total === 0 ? 0 : held / total,
      similarity: (passages[i]!.similarity - unrelated) / (1 - unrelated),
    };
  });
  const most = (of: 'held' | 'similarity') => Math.max(...evidence.map((one) => one[of]));
  const byWords = english && language !== 'en';
  if (evidence.some(({ named }) => named)) return { evidence, answerable: true, byWords };
  if (byWords) return { evidence, answerable: most('held') >= WORDS_FLOOR, byWords };
  const nearest = passages[evidence.findIndex(({ similarity }) => similarity === most('similarity'))]!;
  const beginning = nearest.text.slice(0, LANGUAGE_CHARACTERS);
  const ofAnother = language !== undefined && isInAnotherLanguage(beginning, language);
  const floor = ofAnother ? OTHER_LANGUAGE_FLOOR : whole ? SMALL_FLOOR : QUESTION_FLOOR;
  return { evidence, answerable: most('similarity') + WORDS_WEIGHT * most('held') >= floor, byWords };
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}
