/** The words of a question that carry its subject, and whether a passage holds them, in whatever form. */

import { fold } from './fold.ts';
import { FUNCTION_WORDS, type Language } from './function-words.ts';

export interface QuestionWords {
  /** The language whose function words it uses most; undefined where it uses none that is known. */
  language: Language | undefined;
  /** Folded, each once; a name or number weighs more than another word, a single letter of an unspaced script less. */
  words: { word: string; weight: number }[];
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const UNSPACED = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmr}\p{scx=Mymr}]/u;
const HIRAGANA = /^\p{Script=Hira}+$/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

const FOLDED = new Map(
  [...FUNCTION_WORDS].map(([language, words]) => [language, new Set([...words].map(fold))] as const),
);

/** Scripts that one language in the table, or a few, are written in. A Han letter says as much as two of others. */
const SCRIPTS: readonly { letters: RegExp; weight?: number; languages: readonly Language[] }[] = [
  { letters: /[\p{Script=Hira}\p{Script=Kana}\p{Script=Han}]/gu, weight: 2, languages: ['zh', 'ja'] },
  { letters: /\p{Script=Hang}/gu, weight: 2, languages: ['ko'] },
  { letters: /\p{Script=Thai}/gu, languages: ['th'] },
  { letters: /\p{Script=Deva}/gu, languages: ['hi'] },
  { letters: /\p{Script=Hebr}/gu, languages: ['he'] },
  { letters: /\p{Script=Arab}/gu, languages: ['ar', 'fa'] },
  { letters: /\p{Script=Cyrl}/gu, languages: ['ru', 'uk'] },
  { letters: /\p{Script=Grek}/gu, languages: ['el'] },
];
const LATIN = [...FUNCTION_WORDS.keys()].filter(
  (language) => !SCRIPTS.some(({ languages }) => languages.includes(language)),
);

/** Cuts a question into its words and leaves out those that say nothing about its subject. */
export function questionWords(question: string): QuestionWords {
  const text = question.normalize('NFKC');
  const tokens = [...tokensOf(text)];
  const folded = tokens.map(fold);
  const { language } = languageOf(text, folded);
  const leftOut = language && FOLDED.get(language);
  // Japanese grammar is written in Hiragana, and ICU cuts it in many ways.
  const grammar = language === 'ja' && !tokens.every((token) => HIRAGANA.test(token)) ? HIRAGANA : undefined;
  const words = new Map<string, number>();
  for (const [i, word] of folded.entries()) {
    if (leftOut?.has(word) || grammar?.test(word)) continue;
    // "l'équipe": a single letter says nothing, but a single Han character may be a word.
    const unspaced = UNSPACED.test(word);
    if (word.length === 1 && !unspaced && !/\p{N}/u.test(word)) continue;
    const name = i > 0 && /^\p{Lu}/u.test(tokens[i]!);
    words.set(word, Math.max(words.get(word) ?? 0, unspaced && word.length === 1 ? 0.5 : name ? 2 : 1));
  }
  return { language, words: [...words].map(([word, weight]) => ({ word, weight })) };
}

/** The languages that are written in the script that most of a text is in. */
function languagesOf(text: string): readonly Language[] {
  let languages: readonly Language[] = LATIN;
  let most = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  for (const script of SCRIPTS) {
    const letters = (text.match(script.letters)?.length ?? 0) * (script.weight ?? 1);
    if (letters > most) [languages, most] = [script.languages, letters];
  }
  // Only Japanese mixes Han letters with Kana.
  if (!languages.includes('ja')) return languages;
  return /[\p{Script=Hira}\p{Script=Kana}]/u.test(text) ? ['ja'] : ['zh'];
}

/** The language whose function words a text uses most, and how many of them there are of it and of any other. */
function languageOf(text: string, folded: readonly string[]) {
  const languages = languagesOf(text);
  const count = (language: Language) =>
    folded.filter((word) => isTelling(word) && FOLDED.get(language)!.has(word)).length;
  const counts = languages.map((language) => ({ language, count: count(language) }));
  // Of equals the first, so English before the others.
  const best = counts.reduce((most, one) => (one.count > most.count ? one : most));
  const language = best.count > 0 || languages !== LATIN ? best.language : undefined;
  return { language, known: best.count, count };
}

/** Whether a text is clearly in another language: by its script, or by more function words of another one. */
export function isInAnotherLanguage(text: string, language: Language): boolean {
  const folded = [...tokensOf(text.normalize('NFKC'))].map(fold);
  const { language: found, known, count } = languageOf(text, folded);
  if (found === undefined || found === language) return false;
  return !LATIN.includes(found) || !LATIN.includes(language) || (known >= 3 && known >= 2 * count(language));
}

/** A Latin letter alone is a word of many languages. */
function isTelling(word: string): boolean {
  return word.length > 1 || !/\p{Script=Latin}/u.test(word);
}

function* tokensOf(text: string): Generator<string> {
  for (const [run] of text.matchAll(WORD)) {
    if (!UNSPACED.test(run)) yield run;
    else for (const { segment, isWordLike } of segmenter.segment(run)) if (isWordLike) yield segment;
  }
}

/** A text prepared for `holdsWord`. */
export interface FoldedText {
  text: string;
  words: ReadonlySet<string>;
  /** The same, cut to `STEM` letters: what may share a stem. */
  byStem: ReadonlyMap<string, readonly string[]>;
}

const STEM = 3;

export function foldText(text: string): FoldedText {
  const folded = fold(text);
  const words = new Set(folded.match(WORD) ?? []);
  const byStem = new Map<string, string[]>();
  for (const word of words) {
    for (const form of formsOf(word)) {
      const stem = form.slice(0, STEM);
      const same = byStem.get(stem);
      if (same === undefined) byStem.set(stem, [form]);
      else same.push(form);
    }
  }
  return { text: folded, words, byStem };
}

/**
 * Whether a text holds a word, or another form of it: inflected ("Pumpe", "Pumpen"), with an article or a particle
 * joined to it (Arabic, Hebrew, Korean), or as the beginning or the end of a compound ("Urlaub", "Urlaubstage").
 */
export function holdsWord({ text, words, byStem }: FoldedText, word: string): boolean {
  if (words.has(word)) return true;
  if (/^\p{N}+$/u.test(word)) return false;
  if (UNSPACED.test(word)) return text.includes(word);
  if (/\p{Script=Hang}/u.test(word)) return holdsHangul(text, word);
  return formsOf(word).some((form) =>
    (byStem.get(form.slice(0, STEM)) ?? []).some((other) => related(form, other)),
  );
}

/** Korean particles and endings come behind: "펌프를" is held by "펌프가". */
function holdsHangul(text: string, word: string): boolean {
  for (let length = word.length; length >= Math.max(2, word.length - 2); length--) {
    if (text.includes(word.slice(0, length))) return true;
  }
  return false;
}

/** The word, and without what Arabic and Hebrew join to its front: and, in, to, the. */
function formsOf(word: string): string[] {
  const bare = /\p{Script=Arab}/u.test(word)
    ? word.replace(/^[وف]?(?:ال|بال|كال|لل|[بلك](?=.{3}))/u, '')
    : /\p{Script=Hebr}/u.test(word)
      ? word.replace(/^[ושמהכלב]{1,2}(?=.{3})/u, '')
      : word;
  return bare === word || bare.length < 2 ? [word] : [word, bare];
}

/** Whether two words share so much of their beginning that they are forms or compounds of one. */
function related(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  const longer = Math.max(a.length, b.length);
  let shared = 0;
  while (shared < shorter && a[shared] === b[shared]) shared++;
  if (shared === shorter && shorter >= (/[\p{Script=Arab}\p{Script=Hebr}\p{Script=Deva}]/u.test(a) ? 3 : 4))
    return true;
  return shared >= 4 && shared >= 0.6 * longer;
}
