/** Numbers of lists as Office writes them. */

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
];
const CHINESE = '零一二三四五六七八九';
const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '_ _ twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const IRREGULAR: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};
const NOTE_SIGNS = '*†‡§';
const CYRILLIC = 'абвгдежзиклмнопрстуфхцчшщыэюя';
/** Above this the other numerals would be of any length. */
const MAX_NUMERAL = 10_000;

/** A number in a format of Office (`w:numFmt`, `a:buAutoNum`); formats that are not known here as decimal. */
export function formatNumber(value: number, format: string): string {
  if (!(value >= 1 && value <= MAX_NUMERAL)) return format === 'none' ? '' : String(value);
  switch (format) {
    case 'none':
      return '';
    case 'lowerRoman':
      return roman(value);
    case 'upperRoman':
      return roman(value).toUpperCase();
    case 'lowerLetter':
      return letter(value, 'abcdefghijklmnopqrstuvwxyz');
    case 'upperLetter':
      return letter(value, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    case 'russianLower':
      return letter(value, CYRILLIC);
    case 'russianUpper':
      return letter(value, CYRILLIC.toUpperCase());
    case 'decimalZero':
      return String(value).padStart(2, '0');
    case 'ordinal':
      return ordinal(value);
    case 'cardinalText':
      return capital(words(value));
    case 'ordinalText':
      return capital(ordinalWords(value));
    case 'chicago':
      return letter(value, NOTE_SIGNS);
    case 'decimalEnclosedCircle':
    case 'decimalEnclosedCircleChinese':
      return value <= 20 ? String.fromCodePoint(0x2460 + value - 1) : String(value);
    case 'numberInDash':
      return `- ${value} -`;
    case 'chineseCounting':
    case 'chineseCountingThousand':
    case 'japaneseCounting':
    case 'taiwaneseCounting':
    case 'taiwaneseCountingThousand':
    case 'ideographDigital':
      return chinese(value);
    default:
      return String(value);
  }
}

function roman(value: number): string {
  let rest = value;
  let text = '';
  for (const [worth, sign] of ROMAN) {
    text += sign.repeat(Math.floor(rest / worth));
    rest %= worth;
  }
  return text;
}

/** After "z" come "aa", "bb". */
function letter(value: number, alphabet: string): string {
  return alphabet[(value - 1) % alphabet.length]!.repeat(Math.ceil(value / alphabet.length));
}

function ordinal(value: number): string {
  const isTeen = value % 100 > 10 && value % 100 < 14;
  return `${value}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][value % 10]) ?? 'th'}`;
}

function words(value: number): string {
  if (value >= 100) return String(value);
  if (value < 20) return UNITS[value]!;
  return TENS[Math.floor(value / 10)]! + (value % 10 === 0 ? '' : `-${UNITS[value % 10]}`);
}

function ordinalWords(value: number): string {
  if (value >= 100) return ordinal(value);
  const text = words(value);
  const start = text.includes('-') ? text.slice(0, text.indexOf('-')) : '';
  const last = text.slice(text.indexOf('-') + 1);
  const end = IRREGULAR[last] ?? last.replace(/y$/, 'ie').concat('th');
  return start === '' ? end : `${start}-${end}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function chinese(value: number): string {
  if (value >= MAX_NUMERAL) return String(value);
  let text = '';
  let zero = false;
  for (const [worth, unit] of [
    [1000, '千'],
    [100, '百'],
    [10, '十'],
    [1, ''],
  ] as const) {
    const digit = Math.floor(value / worth) % 10;
    if (digit === 0) zero = text !== '';
    else {
      text += (zero ? CHINESE.charAt(0) : '') + CHINESE.charAt(digit) + unit;
      zero = false;
    }
  }
  return text.replace(/^一十/, '十');
}
