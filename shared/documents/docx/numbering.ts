/** The automatic numbers of headings and lists, as Word shows them: "2.2", "(a)", "§ 3". */
import { formatNumber } from '../office/numbers.ts';
import { isSymbolFont, symbolText } from '../office/symbols.ts';
import { child, descendants, elements, isOn, type XmlElement } from '../office/xml.ts';
import { runFormat, type Styles, val } from './styles.ts';

interface Level {
  start: number;
  format: string;
  /** Digits of numbers like "001". */
  digits: number;
  /** "%1.%2" */
  text: string;
  /** It starts anew after a paragraph of this level (1-based) or one above; 0 is never. */
  restart: number;
  /** All numbers in it are decimal. */
  isLegal: boolean;
  isHidden: boolean;
  /** What stands between number and text. */
  suffix: '' | ' ';
  style: string | undefined;
}

interface List {
  abstract: string;
  levels: Map<number, Level>;
  /** Levels that start anew with the first paragraph of this list. */
  starts: Map<number, number>;
}

const LEVELS = 9;
const BULLET = '- ';

export class Numbering {
  #lists = new Map<string, List>();
  /** Lists of the same definition count on together. */
  #counters = new Map<string, (number | undefined)[]>();
  #used = new Set<string>();

  constructor(root: XmlElement | undefined, styles: Styles) {
    const definitions = new Map(
      elements(root, 'w:abstractNum').map((element) => [
        element.attributes['w:abstractNumId'] ?? '',
        element,
      ]),
    );
    const nums = new Map(
      elements(root, 'w:num').map((element) => [element.attributes['w:numId'] ?? '', element]),
    );
    for (const [numId, num] of nums) {
      const link = val(definitions.get(val(num, 'w:abstractNumId') ?? ''), 'w:numStyleLink');
      const linked = link === undefined ? undefined : nums.get(styles.listOf(link) ?? '');
      const abstract = val(linked ?? num, 'w:abstractNumId') ?? '';
      this.#lists.set(numId, readList(num, abstract, definitions.get(abstract)));
    }
  }

  /** The level that a paragraph style has in a list. */
  levelOfStyle(numId: string, style: string): number | undefined {
    for (const [index, level] of this.#lists.get(numId)?.levels ?? [])
      if (level.style === style) return index;
    return undefined;
  }

  /** Counts a paragraph and gives its number with what separates it from the text; undefined in no list. */
  next(numId: string, index: number): string | undefined {
    const list = this.#lists.get(numId);
    const level = list?.levels.get(index);
    if (list === undefined || level === undefined) return undefined;
    const counters = this.#countersOf(list, numId);
    const startOf = (i: number) => list.starts.get(i) ?? list.levels.get(i)?.start ?? 1;
    for (let i = 0; i < index; i++) counters[i] ??= startOf(i);
    const last = counters[index];
    counters[index] = last === undefined ? startOf(index) : last + 1;
    for (let i = index + 1; i < LEVELS; i++) {
      if (index < (list.levels.get(i)?.restart ?? i)) counters[i] = undefined;
    }
    if (level.isHidden) return '';
    if (level.format === 'bullet') return level.text;
    const text = level.text.replace(/%([1-9])/g, (_match, digit: string) => {
      const of = list.levels.get(Number(digit) - 1);
      const value = counters[Number(digit) - 1];
      if (of === undefined || value === undefined) return '';
      return formatNumber(value, level.isLegal ? 'decimal' : of.format).padStart(of.digits, '0');
    });
    return text.trim() === '' ? '' : text.trim() + level.suffix;
  }

  #countersOf(list: List, numId: string): (number | undefined)[] {
    let counters = this.#counters.get(list.abstract);
    if (counters === undefined) {
      counters = [];
      this.#counters.set(list.abstract, counters);
    }
    if (!this.#used.has(numId)) {
      this.#used.add(numId);
      for (const i of list.starts.keys()) counters[i] = undefined;
    }
    return counters;
  }
}

function readList(num: XmlElement, abstract: string, definition: XmlElement | undefined): List {
  const list: List = { abstract, levels: new Map(), starts: new Map() };
  for (const level of elements(definition, 'w:lvl').filter(isLevel))
    list.levels.set(indexOf(level), readLevel(level));
  for (const override of elements(num, 'w:lvlOverride').filter(isLevel)) {
    const level = child(override, 'w:lvl');
    if (level !== undefined) list.levels.set(indexOf(override), readLevel(level));
    const start = val(override, 'w:startOverride');
    if (start !== undefined) list.starts.set(indexOf(override), Number(start));
  }
  return list;
}

/** Word has nine levels. */
function isLevel(level: XmlElement): boolean {
  return /^[0-8]?$/.test(level.attributes['w:ilvl'] ?? '');
}

function indexOf(level: XmlElement): number {
  return Number(level.attributes['w:ilvl'] ?? 0);
}

function readLevel(level: XmlElement): Level {
  const format = descendants(level, 'w:numFmt').at(0)?.attributes;
  const name = format?.['w:val'] ?? 'decimal';
  const custom = name === 'custom' ? (/^0*1/.exec(format?.['w:format'] ?? '')?.[0].length ?? 0) : 0;
  const restart = val(level, 'w:lvlRestart');
  const text = val(level, 'w:lvlText') ?? '';
  const properties = child(level, 'w:rPr');
  return {
    start: Number(val(level, 'w:start') ?? 1),
    format: name,
    digits: custom,
    text: name === 'bullet' ? bullet(text, runFormat(properties).font) : text,
    restart: restart === undefined ? indexOf(level) : Number(restart),
    isLegal: isOn(level, 'w:isLgl') ?? false,
    isHidden: isOn(properties, 'w:vanish') ?? false,
    suffix: val(level, 'w:suff') === 'nothing' ? '' : ' ',
    style: val(level, 'w:pStyle'),
  };
}

/** An empty box is one to tick; other signs only set items apart. */
function bullet(text: string, font: string | undefined): string {
  const sign = font !== undefined && isSymbolFont(font) ? symbolText(font, text.codePointAt(0) ?? 0) : text;
  return sign === '[ ] ' || /[\u2610\u25a1\u25fb]/.test(sign) ? `${BULLET}[ ] ` : BULLET;
}
