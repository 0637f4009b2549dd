/** What the styles of OpenDocument mean for reading text. */
import { formatNumber } from '../office/numbers.ts';
import { child, descendants, elements, type XmlElement } from '../office/xml.ts';

export interface OdfStyle {
  isTitle: boolean;
  isHidden: boolean;
  isStruck: boolean;
  isBold: boolean;
  script: '^' | '_' | '';
}

/** A level of a list or of the headings. */
interface NumberLevel {
  format: string;
  prefix: string;
  suffix: string;
  start: number;
  /** How many levels are shown: "2.1" is two. */
  shown: number;
}

/** By level, 1-based. */
export type NumberLevels = ReadonlyMap<number, NumberLevel>;

const MAX_CHAIN = 20;
const FORMATS: Readonly<Record<string, string>> = {
  a: 'lowerLetter',
  A: 'upperLetter',
  i: 'lowerRoman',
  I: 'upperRoman',
};

export class OdfStyles {
  readonly outline: NumberLevels;
  #elements = new Map<string, XmlElement>();
  #lists = new Map<string, NumberLevels>();
  #resolved = new Map<string, OdfStyle>();

  constructor(...roots: readonly (XmlElement | undefined)[]) {
    for (const root of roots) {
      for (const style of descendants(root, 'style:style')) {
        this.#elements.set(style.attributes['style:name'] ?? '', style);
      }
      for (const list of descendants(root, 'text:list-style')) {
        this.#lists.set(list.attributes['style:name'] ?? '', readLevels(list));
      }
    }
    this.outline = readLevels(roots.flatMap((root) => descendants(root, 'text:outline-style'))[0]);
  }

  get(name: string | undefined): OdfStyle {
    const known = this.#resolved.get(name ?? '');
    if (known !== undefined) return known;
    const chain: XmlElement[] = [];
    let isTitle = false;
    for (let next = name, i = 0; next !== undefined && i < MAX_CHAIN; i++) {
      isTitle ||= next === 'Title';
      const style = this.#elements.get(next);
      if (style === undefined) break;
      chain.push(style);
      next = style.attributes['style:parent-style-name'];
    }
    const stated = (key: string) => {
      const found = chain.map((style) => child(style, 'style:text-properties')?.attributes[key]);
      return found.find((value) => value !== undefined) ?? '';
    };
    const position = stated('style:text-position');
    const style: OdfStyle = {
      isTitle,
      isHidden: stated('text:display') === 'none',
      isStruck: !['', 'none'].includes(stated('style:text-line-through-style')),
      isBold: stated('xsl-fo-compatible:font-weight') === 'bold',
      script: /^(?:super|[1-9])/.test(position) ? '^' : /^(?:sub|-)/.test(position) ? '_' : '',
    };
    this.#resolved.set(name ?? '', style);
    return style;
  }

  list(name: string | undefined): NumberLevels | undefined {
    return name === undefined ? undefined : this.#lists.get(name);
  }
}

/** Counts on at a level (1-based) and gives its number, or a dash; '' where it has neither. */
export function nextNumber(counters: number[], level: number, levels: NumberLevels): string {
  const own = levels.get(level);
  for (let i = 0; i < level - 1; i++) counters[i] ??= levels.get(i + 1)?.start ?? 1;
  counters[level - 1] = counters[level - 1] === undefined ? (own?.start ?? 1) : counters[level - 1]! + 1;
  counters.length = level;
  if (own === undefined || own.format === 'none') return '';
  if (own.format === 'bullet') return '-';
  const parts: string[] = [];
  for (let i = Math.max(1, level - own.shown + 1); i <= level; i++) {
    const format = levels.get(i)?.format ?? 'none';
    if (format !== 'none' && format !== 'bullet') parts.push(formatNumber(counters[i - 1] ?? 1, format));
  }
  return own.prefix + parts.join('.') + own.suffix;
}

function readLevels(list: XmlElement | undefined): NumberLevels {
  return new Map(
    elements(list).map(({ name, attributes }) => [
      Number(attributes['text:level'] ?? 1),
      {
        format:
          name.endsWith('-bullet') || name.endsWith('-image')
            ? 'bullet'
            : formatOf(attributes['style:num-format'] ?? ''),
        prefix: attributes['style:num-prefix'] ?? '',
        suffix: attributes['style:num-suffix'] ?? '',
        start: Number(attributes['text:start-value'] ?? 1),
        shown: Number(attributes['text:display-levels'] ?? 1),
      },
    ]),
  );
}

function formatOf(format: string): string {
  return format === '' ? 'none' : (FORMATS[format] ?? 'decimal');
}
