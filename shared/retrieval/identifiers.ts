/** Codes and numbers that name one thing: E-4012, 3F-1180, 4711-B, W 77, ERR_4711, 20391. */

/** Letters and digits joined by - _ and dots. A slash joins two identifiers, and is no part of either. */
const CODE =
  /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]+(?:[-_.‐‑–][\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]+)*/gu;
/** One to three capitals, a space, a number; in a question one letter of any case will do. */
const SPACED = /(?<![\p{L}\p{N}])\p{L}{1,3} \d{1,6}(?![\p{L}\p{N}-])/gu;
const JOINTS = /[-_. ‐‑–]/g;

/**
 * The identifiers of a text, lower case and without what joins their parts: E-4012, E 4012 and e4012 are one. Years,
 * ordinals, amounts with a unit and numbers of fewer than five digits are none.
 */
export function identifiersOf(text: string, { anyCase = false } = {}): Set<string> {
  const plain = text.normalize('NFKC');
  const codes = (plain.match(CODE) ?? []).filter(isCode);
  const spaced = (plain.match(SPACED) ?? []).filter((code) =>
    (anyCase ? /^(?:\p{Lu}+|\p{L}) /u : /^\p{Lu}+ /u).test(code),
  );
  return new Set([...codes, ...spaced].map((code) => code.toLowerCase().replace(JOINTS, '')));
}

function isCode(word: string): boolean {
  if (!/\p{N}/u.test(word)) return false;
  if (/\d{5}/.test(word) || /^\p{L}/u.test(word)) return true;
  // It begins with a digit: "3F-1180" and "4711-B", but not "19th", "50mm", "24-hour", "2024-05-12", "3.14".
  const parts = word.split(/[-_.‐‑–]/);
  if (!/\p{L}/u.test(word) || /\p{L}{3}/u.test(word)) return false;
  return parts.length > 1 || /\d{3}\p{L}$/u.test(word) ? !/^\d+s$/i.test(word) : false;
}
