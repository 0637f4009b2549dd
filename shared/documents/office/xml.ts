/**
 * A tree of an XML part. Names carry one prefix for each namespace, whatever prefix the file uses: "w:p" is a
 * paragraph of Word in the transitional and in the strict variant of OOXML. Entities of a DTD are not expanded and
 * nothing is fetched: a reference to one is an error.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { BlockragError } from '../../errors.ts';

export interface XmlElement {
  /** "w:p"; "_:p" in a namespace that is not known here. */
  name: string;
  /** By name, "w:val"; attributes without a prefix have none here either. */
  attributes: Readonly<Record<string, string>>;
  children: XmlNode[];
}

export type XmlNode = XmlElement | string;

export type Takers = Readonly<Record<string, (element: XmlElement) => void>>;

/** Elements within each other; what walks over a tree may recurse. */
const MAX_DEPTH = 400;

/** OOXML namespaces without their root and year: "wordprocessingml/main". */
const OOXML: Readonly<Record<string, string>> = {
  'wordprocessingml/main': 'w',
  'spreadsheetml/main': 'x',
  'presentationml/main': 'p',
  'officeDocument/relationships': 'r',
  'officeDocument/math': 'm',
  'officeDocument/extended-properties': 'app',
  'officeDocument/custom-properties': 'custom',
  'package/relationships': 'rel',
  'package/metadata/core-properties': 'core',
  'drawingml/main': 'a',
  'drawingml/wordprocessingDrawing': 'wp',
  'drawingml/chart': 'c',
  'drawingml/diagram': 'dgm',
  'markup-compatibility': 'mc',
};

const OTHER: Readonly<Record<string, string>> = {
  'http://schemas.microsoft.com/office/word/2010/wordml': 'w14',
  'http://schemas.microsoft.com/office/drawing/2017/decorative': 'decorative',
  'urn:schemas-microsoft-com:vml': 'v',
  'urn:schemas-microsoft-com:office:office': 'o',
  'http://purl.org/dc/elements/1.1/': 'dc',
  'http://purl.org/dc/terms/': 'dcterms',
  'http://www.idpf.org/2007/opf': 'opf',
  'http://www.w3.org/2001/04/xmlenc#': 'enc',
  'http://www.w3.org/1999/xlink': 'xlink',
  'http://www.w3.org/XML/1998/namespace': 'xml',
};

const ODF = 'urn:oasis:names:tc:opendocument:xmlns:';
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Parses a part. Of the alternatives in mc:AlternateContent only the first stays, in the place of the element.
 *
 * @param take elements by their names that are given as soon as they are read, and not kept in the tree
 * @throws BlockragError `document_too_complex`; Error when it is not well-formed
 */
export function parseXml(bytes: Uint8Array, take: Takers = {}): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const root: XmlElement = { name: '', attributes: NO_ATTRIBUTES, children: [] };
  const open: XmlElement[] = [root];
  const prefixes = new Map<string, string>();
  const nameOf = (uri: string, local: string) => {
    let prefix = prefixes.get(uri);
    if (prefix === undefined) {
      prefix = prefixOf(uri);
      prefixes.set(uri, prefix);
    }
    return `${prefix}:${local}`;
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    if (open.length > MAX_DEPTH) {
      throw new BlockragError('document_too_complex', 'The document is nested too deeply to be read.');
    }
    open.push({ name: nameOf(tag.uri, tag.local), attributes: attributesOf(tag, nameOf), children: [] });
  });
  const addText = (text: string) => {
    open.at(-1)!.children.push(text);
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop()!;
    const { children } = open.at(-1)!;
    const taker = take[element.name];
    if (taker !== undefined) taker(element);
    else if (element.name !== 'mc:AlternateContent') children.push(element);
    else for (const node of alternative(element)) children.push(node);
  });
  parser.write(decodeXml(bytes)).close();
  return elements(root)[0]!;
}

/** The children that are elements, of one name if given. */
export function elements(parent: XmlElement | undefined, name?: string): XmlElement[] {
  const children = parent?.children ?? [];
  return children.filter(
    (child): child is XmlElement => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

/** The first child of a name; of a path of names the first at each step. */
export function child(parent: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = parent;
  for (const name of path) {
    found = found?.children.find(
      (node): node is XmlElement => typeof node !== 'string' && node.name === name,
    );
  }
  return found;
}

/** All elements of some names below, in order; nothing is looked for inside of a found one. */
export function descendants(parent: XmlElement | undefined, ...names: string[]): XmlElement[] {
  const found: XmlElement[] = [];
  const visit = (element: XmlElement) => {
    for (const node of elements(element)) {
      if (names.includes(node.name)) found.push(node);
      else visit(node);
    }
  };
  if (parent !== undefined) visit(parent);
  return found;
}

/** All text below. */
export function textContent(element: XmlElement | undefined): string {
  const children = element?.children ?? [];
  return children.map((node) => (typeof node === 'string' ? node : textContent(node))).join('');
}

/** A switch of OOXML, `<w:vanish/>`: on unless its value says no; undefined when it is not there. */
export function isOn(parent: XmlElement | undefined, name: string): boolean | undefined {
  const element = child(parent, name);
  if (element === undefined) return undefined;
  const value = element.attributes['w:val'] ?? element.attributes['m:val'] ?? element.attributes['w14:val'];
  return isTrue(value ?? '1');
}

/** "1", "true" and "on". */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true' || value === 'on';
}

function attributesOf(
  { attributes }: SaxesTagNS,
  nameOf: (uri: string, local: string) => string,
): Readonly<Record<string, string>> {
  let found: Record<string, string> | undefined;
  for (const key in attributes) {
    const { uri, local, value, prefix } = attributes[key]!;
    if (prefix === 'xmlns' || key === 'xmlns') continue;
    found ??= Object.create(null) as Record<string, string>;
    found[uri === '' ? local : nameOf(uri, local)] = value;
  }
  return found ?? NO_ATTRIBUTES;
}

function alternative(element: XmlElement): XmlNode[] {
  return (child(element, 'mc:Choice') ?? child(element, 'mc:Fallback'))?.children ?? [];
}

function prefixOf(uri: string): string {
  const key = uri.replace(/^http:\/\/(?:schemas\.openxmlformats\.org|purl\.oclc\.org\/ooxml)\//, '');
  if (key !== uri) return OOXML[key.replace('/2006', '')] ?? '_';
  if (uri.startsWith(ODF))
    return uri
      .slice(ODF.length)
      .split(':')[0]!
      .replace(/^drawing$/, 'draw');
  return OTHER[uri] ?? '_';
}

/** XML as text: UTF-8 unless a byte order mark or the XML declaration says otherwise. */
export function decodeXml(bytes: Uint8Array): string {
  const head = String.fromCharCode(...bytes.subarray(0, 200));
  if (head.startsWith('\xff\xfe') || head.startsWith('<\0')) return new TextDecoder('utf-16le').decode(bytes);
  if (head.startsWith('\xfe\xff') || head.startsWith('\0<')) return new TextDecoder('utf-16be').decode(bytes);
  const encoding = /^<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)/.exec(head)?.[1] ?? 'utf-8';
  return new TextDecoder(/^utf-?16/i.test(encoding) ? 'utf-8' : encoding).decode(bytes);
}
