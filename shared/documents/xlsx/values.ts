/** What a cell shows. */
import { format, getFormatDateInfo, getFormatFromId, isDateFormat } from 'numfmt';
import { child, descendants, elements, isOn, isTrue, textContent, type XmlElement } from '../office/xml.ts';

/** What a workbook's cells share. */
export interface CellContext {
  sharedStrings: readonly string[];
  /** By a cell's style. */
  styles: readonly CellStyle[];
  /** Days count from 1904. */
  is1904: boolean;
}

export interface CellStyle {
  pattern: string;
  isBold: boolean;
}

/** Days between the two systems of dates. */
const DAYS_TO_1904 = 1462;
const DAY_MS = 86_400_000;
/** Day 0 of a date's number; the 29 February 1900, which never was, is counted. */
const DAY_0 = Date.UTC(1899, 11, 30);
const MAX_DAY = 2_958_465;

/** The text of a cell: a number in its format, a date as 2025-03-01, a formula as its last value. */
export function cellText(cell: XmlElement, { sharedStrings, styles, is1904 }: CellContext): string {
  const { t: type = 'n', s: style = '0' } = cell.attributes;
  if (type === 'inlineStr') return richText(child(cell, 'x:is'));
  const value = textContent(child(cell, 'x:v'));
  if (type === 's') return sharedStrings[Number(value)] ?? '';
  if (type === 'b') return isTrue(value) ? 'TRUE' : 'FALSE';
  if (type !== 'n') return unescaped(value);
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) return value.trim();
  return numberText(number, styles[Number(style)]?.pattern ?? 'General', is1904);
}

/** Text of runs, without the readings of characters above them. */
export function richText(element: XmlElement | undefined): string {
  const parts = elements(element).filter(({ name }) => name === 'x:t' || name === 'x:r');
  return unescaped(
    parts.map((part) => textContent(part.name === 'x:t' ? part : child(part, 'x:t'))).join(''),
  );
}

/** The formats and fonts of a workbook's cell styles. */
export function readStyles(root: XmlElement | undefined): CellStyle[] {
  const formats = new Map(
    descendants(root, 'x:numFmt').map(({ attributes }) => [attributes.numFmtId, attributes.formatCode ?? '']),
  );
  const fonts = elements(child(root, 'x:fonts'), 'x:font').map((font) => isOn(font, 'x:b') ?? false);
  return elements(child(root, 'x:cellXfs'), 'x:xf').map(({ attributes }) => ({
    pattern: formats.get(attributes.numFmtId) ?? builtIn(Number(attributes.numFmtId ?? 0)),
    isBold: fonts[Number(attributes.fontId)] ?? false,
  }));
}

function builtIn(id: number): string {
  return Number.isInteger(id) && id > 0 && id < 164 ? getFormatFromId(id) : 'General';
}

function numberText(value: number, pattern: string, is1904: boolean): string {
  if (/^General$/i.test(pattern)) return plain(value);
  try {
    if (isDateFormat(pattern)) return dateText(is1904 ? value + DAYS_TO_1904 : value, pattern);
    return format(pattern, value).trim();
  } catch {
    return plain(value);
  }
}

/** Fifteen digits are what Excel counts with. */
function plain(value: number): string {
  return String(Number(value.toPrecision(15)));
}

/** A whole date as 2025-03-01, with the time where it is shown; other formats as they show it. */
function dateText(value: number, pattern: string): string {
  const { year, month, day, hours } = getFormatDateInfo(pattern);
  if (!(year && month && day) || value < 61 || value > MAX_DAY) return format(pattern, value).trim();
  const iso = new Date(DAY_0 + Math.round(value * DAY_MS)).toISOString();
  if (!hours) return iso.slice(0, 10);
  const time = iso.slice(11, 19);
  return `${iso.slice(0, 10)} ${time.endsWith(':00') ? time.slice(0, 5) : time}`;
}

/** Characters that XML cannot hold are written _x000D_. */
function unescaped(text: string): string {
  return text.replace(/_x([\da-f]{4})_/gi, (_match, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
