/** Paragraphs of DrawingML: the text of shapes and of table cells. */
import { linked, script, tidyTicks } from '../office/marks.ts';
import { mathText } from '../office/math.ts';
import { formatNumber } from '../office/numbers.ts';
import type { Relationships } from '../office/package.ts';
import { ballotText, isSymbolFont, symbolText } from '../office/symbols.ts';
import { child, descendants, elements, textContent, type XmlElement } from '../office/xml.ts';

const MAX_LEVEL = 8;
const NUMBERS: readonly [start: string, format: string][] = [
  ['alphaLc', 'lowerLetter'],
  ['alphaUc', 'upperLetter'],
  ['romanLc', 'lowerRoman'],
  ['romanUc', 'upperRoman'],
];

/** The lines of a text body; items of lists have a dash or their number. */
export function bodyLines(body: XmlElement | undefined, links: Relationships, hasBullets: boolean): string[] {
  const paragraphs = elements(body, 'a:p').map((element) => ({
    element,
    text: paragraphText(element, links),
  }));
  const shown = paragraphs.filter(({ text }) => text !== '');
  const counters: (number | undefined)[] = [];
  return shown.map(({ element, text }) => {
    const properties = child(element, 'a:pPr');
    const level = Math.min(Math.max(Number(properties?.attributes.lvl ?? 0) || 0, 0), MAX_LEVEL);
    const number = child(properties, 'a:buAutoNum');
    counters.length = level + (number === undefined ? 0 : 1);
    if (number !== undefined) {
      const count = (counters[level] ?? Number(number.attributes.startAt ?? 1) - 1) + 1;
      counters[level] = count;
      return `${'  '.repeat(level)}${numberText(count, number.attributes.type ?? '')} ${text}`;
    }
    const isItem =
      child(properties, 'a:buChar') !== undefined ||
      (hasBullets && shown.length > 1 && child(properties, 'a:buNone') === undefined);
    return isItem ? `${'  '.repeat(level)}- ${text}` : text;
  });
}

/** A paragraph's text, without numbers of slides. */
export function paragraphText(paragraph: XmlElement, links: Relationships): string {
  let text = '';
  for (const element of elements(paragraph)) {
    if (element.name === 'a:r') text += runText(element, links, text);
    else if (element.name === 'a:br') text += '\n';
    else if (element.name === 'a:fld') {
      if (element.attributes.type !== 'slidenum') text += textContent(child(element, 'a:t'));
    } else text += descendants(element, 'm:oMath', 'm:oMathPara').map(mathText).join(' ');
  }
  return tidyTicks(ballotText(text)).trim();
}

function runText(run: XmlElement, links: Relationships, before: string): string {
  const properties = child(run, 'a:rPr');
  const { strike = 'noStrike', baseline = '0' } = properties?.attributes ?? {};
  if (strike !== 'noStrike') return '';
  const font =
    child(properties, 'a:sym')?.attributes.typeface ?? child(properties, 'a:latin')?.attributes.typeface;
  let text = textContent(child(run, 'a:t'));
  if (isSymbolFont(font))
    text = [...text].map((letter) => symbolText(font!, letter.codePointAt(0)!)).join('');
  const raise = Number.parseInt(baseline, 10);
  if (raise !== 0 && !Number.isNaN(raise)) text = script(raise > 0 ? '^' : '_', text, before);
  const link = child(properties, 'a:hlinkClick')?.attributes['r:id'];
  return link === undefined ? text : linked(text, links.get(link)?.target ?? '');
}

/** arabicPeriod: "1.", alphaLcParenBoth: "(a)", romanUcParenR: "I)". */
function numberText(value: number, type: string): string {
  const format = NUMBERS.find(([start]) => type.startsWith(start))?.[1] ?? 'decimal';
  const number = formatNumber(value, format);
  if (type.endsWith('ParenBoth')) return `(${number})`;
  return number + (type.endsWith('ParenR') ? ')' : type.endsWith('Plain') ? '' : '.');
}
