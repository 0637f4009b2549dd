/** What Word's styles mean for reading text. A style has what the style that it is based on has. */
import { child, elements, isOn, type XmlElement } from '../office/xml.ts';

/** A paragraph's place in a list: `<w:numPr>`. */
export interface ListPlace {
  /** "0" is no list. */
  numId?: string | undefined;
  level?: number | undefined;
}

/** Properties of characters; undefined where nothing is said. */
export interface RunFormat {
  isHidden?: boolean | undefined;
  isStruck?: boolean | undefined;
  isBold?: boolean | undefined;
  script?: '^' | '_' | '' | undefined;
  font?: string | undefined;
}

export interface Style extends RunFormat {
  id: string;
  role?: 'title' | 'caption' | 'toc' | 'code' | undefined;
  /** 0 is the outermost heading; undefined is text. */
  outline?: number | undefined;
  list?: ListPlace | undefined;
}

/** Longer chains of styles are circles. */
const MAX_CHAIN = 20;
const CODE_NAME = /^(?:source ?code|code(?: block)?|html preformatted|macro text|verbatim.*)$/i;

export class Styles {
  #elements = new Map<string, XmlElement>();
  #resolved = new Map<string, Style>();
  #defaultParagraph: string | undefined;

  constructor(root: XmlElement | undefined) {
    for (const style of elements(root, 'w:style')) {
      const id = style.attributes['w:styleId'] ?? '';
      if (!this.#elements.has(id)) this.#elements.set(id, style);
      const isDefault = /^(?:1|true|on)$/.test(style.attributes['w:default'] ?? '');
      if (isDefault && style.attributes['w:type'] === 'paragraph') this.#defaultParagraph = id;
    }
  }

  /** A paragraph's style. */
  ofParagraph(properties: XmlElement | undefined): Style {
    return this.get(val(properties, 'w:pStyle') ?? this.#defaultParagraph ?? '');
  }

  get(id: string): Style {
    const known = this.#resolved.get(id);
    if (known !== undefined) return known;
    const style: Style = { id };
    let next: string | undefined = id;
    for (let i = 0; i < MAX_CHAIN && next !== undefined; i++) {
      const element = this.#elements.get(next);
      if (element === undefined) break;
      inherit(style, element);
      next = val(element, 'w:basedOn');
    }
    this.#resolved.set(id, style);
    return style;
  }

  /** The list that a numbering style stands for. */
  listOf(id: string): string | undefined {
    return listPlace(child(this.#elements.get(id), 'w:pPr'))?.numId;
  }
}

/** `<w:pStyle w:val="Heading1"/>` -> "Heading1". */
export function val(parent: XmlElement | undefined, name: string): string | undefined {
  return child(parent, name)?.attributes['w:val'];
}

/** What w:rPr says. */
export function runFormat(properties: XmlElement | undefined): RunFormat {
  if (properties === undefined) return {};
  const align = val(properties, 'w:vertAlign');
  const fonts = child(properties, 'w:rFonts')?.attributes;
  return {
    isHidden: isOn(properties, 'w:vanish'),
    isStruck: isOn(properties, 'w:strike') ?? isOn(properties, 'w:dstrike'),
    isBold: isOn(properties, 'w:b'),
    script:
      align === undefined ? undefined : align === 'superscript' ? '^' : align === 'subscript' ? '_' : '',
    font: fonts?.['w:ascii'] ?? fonts?.['w:hAnsi'],
  };
}

/** The first of each property that is said. */
export function mergeFormats(...formats: readonly RunFormat[]): RunFormat {
  const merged: RunFormat = {};
  for (const format of formats) {
    merged.isHidden ??= format.isHidden;
    merged.isStruck ??= format.isStruck;
    merged.isBold ??= format.isBold;
    merged.script ??= format.script;
    merged.font ??= format.font;
  }
  return merged;
}

/** A paragraph's outline level; 9 is body text. */
export function outlineLevel(properties: XmlElement | undefined): number | undefined {
  const level = val(properties, 'w:outlineLvl');
  return level === undefined ? undefined : Number(level);
}

export function listPlace(properties: XmlElement | undefined): ListPlace | undefined {
  const numbering = child(properties, 'w:numPr');
  if (numbering === undefined) return undefined;
  const level = val(numbering, 'w:ilvl');
  return {
    numId: val(numbering, 'w:numId'),
    level: level === undefined ? undefined : Number(level),
  };
}

function inherit(style: Style, element: XmlElement): void {
  const properties = child(element, 'w:pPr');
  const name = val(element, 'w:name')?.toLowerCase() ?? '';
  const heading = /^heading ([1-9])$/.exec(name)?.[1];
  Object.assign(style, mergeFormats(style, runFormat(child(element, 'w:rPr'))));
  style.role ??= roleOf(name);
  style.outline ??= outlineLevel(properties) ?? (heading === undefined ? undefined : Number(heading) - 1);
  const place = listPlace(properties);
  if (place !== undefined) style.list = { ...place, ...defined(style.list) };
}

function defined(place: ListPlace | undefined): ListPlace {
  return Object.fromEntries(Object.entries(place ?? {}).filter(([, value]) => value !== undefined));
}

function roleOf(name: string): Style['role'] {
  if (name === 'title' || name === 'caption') return name;
  if (/^toc [1-9]$/.test(name) || name === 'table of figures') return 'toc';
  return CODE_NAME.test(name) ? 'code' : undefined;
}
