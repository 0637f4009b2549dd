/** Characters of symbol fonts as Unicode: the fonts put pictures at the places of Latin letters. */
import { TICKED, UNTICKED } from './marks.ts';

/** Symbol's characters from 0x20 and from 0xa0; the font's Greek letters and operators. */
const SYMBOL_LOW =
  ' !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼';
const SYMBOL_HIGH =
  '€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭';

const WINGDINGS: Readonly<Record<number, string>> = {
  33: '✏',
  40: '☎',
  42: '✉',
  74: '☺',
  76: '☹',
  108: '●',
  110: '■',
  111: UNTICKED,
  113: UNTICKED,
  114: UNTICKED,
  159: '•',
  167: '▪',
  168: UNTICKED,
  171: '★',
  216: '➢',
  223: '←',
  224: '→',
  225: '↑',
  226: '↓',
  231: '←',
  232: '→',
  240: '⇨',
  251: '✗',
  252: TICKED,
  253: TICKED,
  254: TICKED,
};
const WINGDINGS_2: Readonly<Record<number, string>> = {
  42: UNTICKED,
  48: UNTICKED,
  79: '✗',
  80: TICKED,
  81: TICKED,
  82: TICKED,
  83: TICKED,
  84: TICKED,
  163: UNTICKED,
};
const WINGDINGS_3: Readonly<Record<number, string>> = { 102: '←', 103: '→', 104: '↑', 105: '↓' };
const WEBDINGS: Readonly<Record<number, string>> = { 97: TICKED, 99: UNTICKED, 114: '✗' };

const FONTS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  wingdings: WINGDINGS,
  'wingdings 2': WINGDINGS_2,
  'wingdings 3': WINGDINGS_3,
  webdings: WEBDINGS,
};

/** Whether a font's letters are pictures. */
export function isSymbolFont(font: string | undefined): boolean {
  const key = font?.toLowerCase() ?? '';
  return key === 'symbol' || key in FONTS;
}

/** A character of a symbol font; '' for a mere picture. Its code may be in the private use area. */
export function symbolText(font: string, code: number): string {
  const key = font.toLowerCase();
  const place = code >= 0xf000 && code <= 0xf0ff ? code - 0xf000 : code;
  if (key === 'symbol') {
    return (place >= 0xa0 ? SYMBOL_HIGH[place - 0xa0] : SYMBOL_LOW[place - 0x20]) ?? '';
  }
  const table = FONTS[key];
  if (table === undefined) return code >= 0xe000 && code <= 0xf8ff ? '' : String.fromCodePoint(code);
  return place === 0x20 ? ' ' : (table[place] ?? '');
}

/** The ballot boxes of Unicode as ticks. */
export function ballotText(text: string): string {
  return text.replace(/[\u2610\u2611\u2612]/g, (box) => (box === '\u2610' ? UNTICKED : TICKED));
}
