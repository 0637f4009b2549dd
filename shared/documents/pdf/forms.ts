/**
 * Values of form fields and notes on a page. They lie on the page, not in its text: they are put beside their labels,
 * and the page is laid out again with them.
 */
import type { FormField, Graphic, PageInput, ParsedPage, Rect, TextItem } from '@llamaindex/liteparse';
import { LINE_END } from './inline.ts';
import type { Parser } from './library.ts';
import { bottom, isInside, middle, right, squeeze } from './lines.ts';

/** A label ends no further left of its field than this, in points. */
const LABEL_GAP = 150;
/** A tick's label begins no further right of it. */
const TICK_GAP = 20;
const NOTE_TYPES = new Set(['freetext', 'text', 'caret', 'stamp']);
/** Marks on text and shapes around it, with what a reviewer has written to them. */
const MARK_TYPES = new Set(
  'highlight underline strikeout squiggly square circle line polygon polyline ink'.split(' '),
);
/** Lines of a paragraph are no further apart, in heights of their letters. */
const LINE_GAP = 1.4;
const TICKS = new Set(['checkbox', 'radio']);

/** Whether a page has values or notes to be put into its text. */
export function hasAdditions(page: ParsedPage): boolean {
  return fieldsOf(page).length > 0 || notesOf(page).length > 0;
}

/** Lays a page out again, with what lies on it. @param parser one that extracts vector graphics, as `page` was */
export function withAdditions(parser: Parser, page: ParsedPage): ParsedPage {
  const fields = fieldsOf(page);
  const own = page.textItems.filter((item) => !fields.some((field) => isShownValue(item, field)));
  const items = own.map((item) => ({ ...item }));
  const labelled = new Map<TextItem, string[]>();
  const extra: TextItem[] = [];
  for (const field of fields) {
    const value = shownValue(field);
    const label = isInGrid(field, fields, own) ? undefined : labelOf(field, fields, own);
    const target = label && items[own.indexOf(label.item)]!;
    if (target === undefined) {
      if (value !== '')
        extra.push(
          itemAt(field.rect!, field.alternateName ? `${field.alternateName}: ${value}` : value, own),
        );
    } else if (label!.after) target.text = `${LINE_END}${value} ${target.text.trim()}${LINE_END}`;
    else labelled.set(target, [...(labelled.get(target) ?? []), value]);
  }
  for (const [item, values] of labelled) {
    const text = item.text.trim();
    const colon = /[:?.…]$/.test(text) ? '' : ':';
    item.text = `${LINE_END}${text}${colon} ${values.filter((value) => value !== '').join(' ')}${LINE_END}`;
  }
  for (const { text, rect } of notesOf(page)) extra.push(itemAt(rect, `${LINE_END}${text}${LINE_END}`, own));
  const [laidOut] = parser.parsePages([pageInput(page, [...items, ...extra])]).pages;
  return { ...laidOut!, pageNum: page.pageNum };
}

function fieldsOf(page: ParsedPage): FormField[] {
  return (page.formFields ?? []).filter(
    (field) => field.rect !== undefined && (TICKS.has(field.type) || shownValue(field) !== ''),
  );
}

function notesOf(page: ParsedPage): { text: string; rect: Rect }[] {
  const shown = squeeze(page.textItems.map(({ text }) => text).join(''));
  return (page.annotations ?? []).flatMap(({ subtype, contents = '', rect }) => {
    const text = contents.trim().replace(/\s*[\r\n]+\s*/g, ' ');
    const type = subtype.toLowerCase();
    // A note that shows its text has it on the page already, and so has a mark that repeats what it marks.
    if (rect === undefined || text === '' || shown.includes(squeeze(text))) return [];
    if (NOTE_TYPES.has(type)) return [{ text, rect }];
    return MARK_TYPES.has(type)
      ? [{ text: `Comment: ${text}`, rect: afterParagraph(rect, page.textItems) }]
      : [];
  });
}

/** The end of the paragraph that a mark is in: its comment would part the words of a line elsewhere. */
function afterParagraph(rect: Rect, items: readonly TextItem[]): Rect {
  const lines = items.filter(({ text }) => text.trim() !== '').sort((a, b) => middle(a) - middle(b));
  const isBeside = (a: Rect, b: Rect) => a.x >= right(b) || right(a) <= b.x;
  const isMarked = (item: TextItem) => middle(item) > rect.y - 2 && middle(item) < bottom(rect) + 2;
  let last = lines.findLast((item) => isMarked(item) && !isBeside(item, rect));
  if (last === undefined) return rect;
  for (const line of lines) {
    const gap = middle(line) - middle(last);
    if (gap > 0 && gap < LINE_GAP * last.height && line.height === last.height && !isBeside(line, last))
      last = line;
  }
  return { x: right(last) + 2, y: last.y, width: 10, height: last.height };
}

function shownValue(field: FormField): string {
  if (TICKS.has(field.type)) return field.checked ? '[x]' : '[ ]';
  if (!['text', 'combobox', 'listbox'].includes(field.type)) return '';
  const text = field.selectedOptions.length > 0 ? field.selectedOptions.join(', ') : (field.value ?? '');
  return text.trim().replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Text that draws a field's value: it comes once more as data. */
function isShownValue(item: TextItem, field: FormField): boolean {
  if (!isInside(item, field.rect!, 2)) return false;
  return TICKS.has(field.type) || squeeze(shownValue(field)).includes(squeeze(item.text));
}

/** A table of fields is laid out as one: they have neighbours in their row and in their column. */
function isInGrid(field: FormField, fields: readonly FormField[], items: readonly TextItem[]): boolean {
  if (TICKS.has(field.type)) return false;
  const box = field.rect!;
  const others = fields.flatMap((other) => (other === field ? [] : [other.rect!]));
  const inColumn = others.some(
    (other) =>
      Math.abs(other.x - box.x) < 2 &&
      Math.abs(other.width - box.width) < 2 &&
      gapBetween(box, other) < box.height,
  );
  const between = (other: Rect) =>
    items.some(
      (item) =>
        onLine(item, box) &&
        middleX(item) > Math.min(box.x, other.x) &&
        middleX(item) < Math.max(box.x, other.x),
    );
  return inColumn && others.some((other) => onLine(other, box) && !between(other));
}

const middleX = ({ x, width }: Rect) => x + width / 2;
const gapBetween = (a: Rect, b: Rect) => (a.y < b.y ? b.y - bottom(a) : a.y - bottom(b));

/** Whether the middle of an item is at the height of a field's box. */
function onLine(item: Rect, box: Rect): boolean {
  return middle(item) > box.y - 2 && middle(item) < bottom(box) + 2;
}

function labelOf(field: FormField, fields: readonly FormField[], items: readonly TextItem[]) {
  const box = field.rect!;
  const shown = items.filter(({ text, rotation }) => /\p{L}|\p{N}/u.test(text) && (rotation ?? 0) === 0);
  const others = fields.filter((other) => other !== field).map(({ rect }) => rect!);
  const isFree = (from: number, to: number) =>
    !others.some((other) => onLine(other, box) && middleX(other) > from && middleX(other) < to);
  if (TICKS.has(field.type)) {
    const after = shown
      .filter((item) => onLine(item, box) && item.x >= right(box) - 2 && item.x - right(box) < TICK_GAP)
      .sort((a, b) => a.x - b.x)[0];
    if (after !== undefined) return { item: after, after: true };
  }
  const before = shown
    .filter(
      (item) =>
        onLine(item, box) &&
        right(item) <= box.x + 4 &&
        box.x - right(item) < LABEL_GAP &&
        isFree(right(item), box.x),
    )
    .sort((a, b) => b.x - a.x)[0];
  if (before !== undefined) return { item: before, after: false };
  const above = shown
    .filter(
      (item) =>
        item.x < right(box) &&
        right(item) > box.x &&
        bottom(item) <= box.y + 4 &&
        box.y - bottom(item) < 1.5 * item.height,
    )
    .sort((a, b) => bottom(b) - bottom(a))[0];
  return above === undefined ? undefined : { item: above, after: false };
}

/** Text as an item of the page, in the letters that stand nearest. */
function itemAt(rect: Rect, text: string, items: readonly TextItem[]): TextItem {
  const distance = (item: TextItem) => Math.abs(middle(item) - middle(rect));
  const near = items.reduce<TextItem | undefined>(
    (best, item) => (best && distance(best) <= distance(item) ? best : item),
    undefined,
  );
  const { fontName = 'Helvetica', fontSize = 10, height = 12 } = near ?? {};
  // Letters are half as wide as high; no wider than its box, lest it go over other columns.
  const width = Math.min(Math.max(rect.width, 10), 0.5 * fontSize * text.length);
  return {
    text,
    x: rect.x,
    y: rect.y + Math.min(4, Math.max(0, (rect.height - height) / 2)),
    width,
    height,
    fontName,
    fontSize,
    rotation: 0,
    words: [],
  };
}

function pageInput(page: ParsedPage, textItems: TextItem[]): PageInput {
  const { lines = [], shapes = [] } = page.vectorGraphics ?? {};
  const graphics: Graphic[] = [
    ...lines.map(({ x1, y1, x2, y2, fill, stroke }) => ({
      kind: 'stroke' as const,
      x1,
      y1,
      x2,
      y2,
      hasFill: fill,
      hasStroke: stroke,
    })),
    ...shapes.map(({ bbox, fill, stroke }) => ({
      kind: 'rect' as const,
      ...bbox,
      hasFill: fill,
      hasStroke: stroke,
    })),
  ];
  return { pageNumber: page.pageNum, pageWidth: page.width, pageHeight: page.height, textItems, graphics };
}
