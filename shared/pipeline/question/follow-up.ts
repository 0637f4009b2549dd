/** Prepares a follow-up question for retrieval: on its own it often names nothing that could be found. */
import type { Turn } from '../../model/prompt.ts';
import { fold } from '../../retrieval/fold.ts';
import type { Language } from '../../retrieval/function-words.ts';
import { identifiersOf } from '../../retrieval/identifiers.ts';
import { questionWords } from '../../retrieval/question-words.ts';

/** Words that point back to what was said before. */
const POINTING: Partial<Record<Language, ReadonlySet<string>>> = {
  en: list(
    'he she it its they them their theirs him his her hers this these those same former latter else one',
  ),
  de: list(`er sie ihn ihm ihr ihre ihren ihrem ihrer sein seine seinen seiner seinem dessen deren dies diese dieser
    dieses diesen diesem es dort davon dafur dazu damit dabei daran darauf daruber dahin denen`),
  fr: list('il elle ils elles lui leur leurs celui celle ceux celles cela ca son sa ses'),
  es: list('el ella ellos ellas esto eso aquello le les lo su sus alli ahi'),
  it: list('lui lei loro esso essa essi questo quello suo sua suoi sue li ci ne'),
  pt: list('ele ela eles elas isso isto aquilo dele dela deles delas seu sua seus suas la'),
  nl: list('hij zij ze hem haar hun het dit dat daar ervan hiervan zijn'),
  sv: list('han hon den det hans hennes honom henne dess deras dem dit dar der hun ham hende'),
  pl: list('on ona ono oni one jego jej ich mu nim niej nich to tego tam tym'),
  cs: list('on ona ono oni jeho jeji jejich mu nem ni nich to toho tam tim'),
  ru: list(
    'он она оно они его ее их ему ей им ими нем ней нее него них там туда оттуда это этого этом этот эта эти',
  ),
  uk: list('він вона воно вони його її їх йому їй ним ній там туди це цього цей ця ці'),
  tr: list('o onu onun ona onlar onlari onlarin bu bunu bunun buna orada oraya burada'),
  fi: list('han hanen se sen siella sinne ne niiden tama taman'),
  ar: list('هو هي هم هما هذا هذه ذلك تلك هناك له لها لهم منه منها فيه فيها عنه عنها به بها'),
  fa: list('او ان اين انها انجا ايشان'),
  he: list('הוא היא הם הן זה זאת זו אותו אותה אותם שלו שלה שלהם שם בו בה'),
  hi: list('वह वे यह ये उस उसका उसकी उसके उसे उसमें उन उनका उनकी उनके उन्हें वहाँ वहां इसका इसकी इसके इसे इसमें'),
};

/** The same in scripts without spaces, and in Korean, anywhere in the question. */
const POINTING_INSIDE =
  /[它他她]|[这那][个里儿些位]|呢[?？]?$|それ|その|そこ|彼|มัน|ที่นั่น|ที่นี่|เขา|เธอ|그것|그곳|거기|그는|그녀|이것/u;

/** A question that begins like this goes on from another. */
const GOING_ON =
  list(`and or but so then also und oder aber auch et ou mais pero ed ma mas en of maar och eller men og
  ja tai mutta ale oraz и а но или і й та ve ya peki ama και αλλα و او ثم لكن اما או אבל और या लेकिन तो फिर`);
/** Conjunctions of one letter, which are other words elsewhere. */
const GOING_ON_LETTER: Partial<Record<string, readonly Language[]>> = {
  a: ['pl', 'cs'],
  i: ['pl', 'cs'],
  e: ['it', 'pt', 'es'],
  o: ['it', 'es'],
  y: ['es'],
};
const GOING_ON_UNSPACED =
  /^(?:(?:那么?|还有|而且?|可是|但是?|然后|では|じゃあ?|それで|また|でも|そして|あと|그럼|그러면|그리고|그런데|그래서|แล้ว|และ|แต่)|(?:و|ו)(?=\p{L}{2}))/u;
const WHAT_ABOUT =
  /^(?:what|how) about |^was ist mit |^wie (?:steht|sieht) es mit |^qu en est il |^y que |^e quanto |^wat (?:met|dacht)/;

/** Languages that leave the subject out: few words without a name are about what was asked before. */
const DROPPING: ReadonlySet<Language> = new Set([
  'es',
  'it',
  'pt',
  'ro',
  'pl',
  'cs',
  'ru',
  'uk',
  'tr',
  'fi',
  'hu',
  'ar',
  'fa',
  'he',
  'hi',
  'zh',
  'ja',
  'ko',
  'th',
  'el',
]);
const FEW_WORDS = 2;
/** A question of this many words or fewer is taken for a follow-up whatever its words. */
const SHORT = 4;
/** Follow-ups between the question and the one that stands alone; of more, only the last are sought. */
const MOST_BETWEEN = 3;

/**
 * The question itself, or, when it leans on the conversation, the user's questions from the last one that stands alone
 * up to it: words of all find by text, and their meaning together by vector.
 */
export function retrievalQuestion(question: string, earlier: readonly Turn[]): string {
  const asked = earlier.filter(({ role }) => role === 'user').map(({ content }) => content.trim());
  if (asked.length === 0 || !leans(question)) return question;
  const alone = Math.max(
    0,
    asked.findLastIndex((one) => !leans(one)),
  );
  return [asked[alone], ...asked.slice(alone + 1).slice(-MOST_BETWEEN), question].join('\n');
}

/** Whether a question seems to need what was asked before it. */
function leans(question: string): boolean {
  const tokens = question.normalize('NFKC').match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const folded = tokens.map(fold);
  const { language = 'en', words } = questionWords(question);
  const unspaced = ['zh', 'ja', 'th'].includes(language);
  // Not folded: French "où" is no "ou".
  const first = tokens[0]?.toLowerCase() ?? '';
  if (GOING_ON.has(first) || GOING_ON_LETTER[first]?.includes(language)) return true;
  if (WHAT_ABOUT.test(folded.join(' '))) return true;
  if (GOING_ON_UNSPACED.test(question.trim()) || POINTING_INSIDE.test(question.trim())) return true;
  const pointing = POINTING[language];
  // German's polite "Sie" and "Ihr" are capitals.
  const polite = (i: number) => language === 'de' && i > 0 && /^\p{Lu}/u.test(tokens[i]!);
  if (folded.some((word, i) => pointing?.has(word) && !polite(i))) return true;
  if (!unspaced && tokens.length <= SHORT) return true;
  if (!DROPPING.has(language) || identifiersOf(question, { anyCase: true }).size > 0) return false;
  return words.length <= FEW_WORDS && words.every(({ weight }) => weight <= 1);
}

function list(words: string): ReadonlySet<string> {
  return new Set(words.trim().split(/\s+/).map(fold));
}
