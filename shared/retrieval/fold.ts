/** Letters that people write in more than one way, as one. */

/** Accents of Latin, Greek and Cyrillic letters, points of Hebrew, vowel signs and lengthening of Arabic. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0640]/g;
const VARIANTS: Readonly<Record<string, string>> = {
  ß: 'ss',
  ı: 'i',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  æ: 'ae',
  œ: 'oe',
  ى: 'ي',
  ی: 'ي',
  ة: 'ه',
  ک: 'ك',
  ς: 'σ',
};
const VARIANT = new RegExp(`[${Object.keys(VARIANTS).join('')}]`, 'g');

/** Lower case, compatibility forms unified (NFKC), accents left out: "Ｃaf\u00e9" -> "cafe", "Straße" -> "strasse". */
export function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(MARKS, '')
    .normalize('NFC')
    .replace(VARIANT, (letter) => VARIANTS[letter]!);
}
