/** EPUB: the chapters of a book in reading order. */

import { BlockragError } from '../errors.ts';
import { parseFragment } from './html/html.ts';
import { resolvePart } from './office/package.ts';
import { dateOf } from './office/properties.ts';
import {
  child,
  decodeXml,
  descendants,
  elements,
  parseXml,
  textContent,
  type XmlElement,
} from './office/xml.ts';
import { readZip } from './office/zip.ts';
import { decodePercent } from './percent.ts';
import type { Block, Content } from './types.ts';

const CONTAINER = 'meta-inf/container.xml';
const ENCRYPTION = 'meta-inf/encryption.xml';
/** Fonts may be scrambled in a book that can be read. */
const FONT_SCRAMBLING = ['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC'];
const METADATA = ['language', 'publisher', 'description'] as const;
/** XHTML may close these at once; HTML would take what follows for their content. */
const CLOSED_AT_ONCE =
  /<(title|script|style|textarea|iframe|a|span|div|p|i|b|em|strong|sub|sup|td|th|li|h[1-6])(\s[^<>]*)?\/>/gi;

/**
 * Reads a book: chapters in the order of its spine, without the table of contents.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function parseEpub(bytes: Uint8Array, name: string): Promise<Content> {
  const parts = await readZip(bytes, name, (entry) => /\.(?:xml|opf|ncx|x?html?)$/.test(entry));
  const read = (part: string) => readPart(parts.get(part.toLowerCase()), part, name);
  if (parts.has(ENCRYPTION)) checkEncryption(read(ENCRYPTION), name);
  const [rootFile] = descendants(read(CONTAINER), 'container:rootfile');
  const path = decodePercent(rootFile?.attributes['full-path'] ?? '');
  const book = read(path);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const items = elements(child(book, 'opf:manifest'), 'opf:item').map(({ attributes }) => ({
    id: attributes.id ?? '',
    part: resolvePart(folder, decodePercent(attributes.href ?? '')),
    isContents: (attributes.properties ?? '').split(' ').includes('nav'),
  }));
  const byId = new Map(items.map((item) => [item.id, item]));
  const blocks = elements(child(book, 'opf:spine'), 'opf:itemref').flatMap(({ attributes }): Block[] => {
    const item = byId.get(attributes.idref ?? '');
    const chapter = item === undefined || item.isContents ? undefined : parts.get(item.part.toLowerCase());
    if (chapter === undefined) return [];
    return parseFragment(decodeXml(chapter).replace(CLOSED_AT_ONCE, '<$1$2></$1>'));
  });
  return { ...bookProperties(child(book, 'opf:metadata')), blocks };
}

function readPart(bytes: Buffer | undefined, part: string, name: string): XmlElement {
  const damaged = (what: string, cause?: unknown) =>
    new BlockragError('document_corrupt', `${name} is damaged and cannot be read: ${part} ${what}.`, {
      cause,
    });
  if (bytes === undefined) throw damaged('is missing');
  try {
    return parseXml(bytes);
  } catch (error) {
    if (error instanceof BlockragError) throw error;
    throw damaged('is not well-formed XML', error);
  }
}

function checkEncryption(root: XmlElement, name: string): void {
  const isLocked = descendants(root, 'enc:EncryptionMethod').some(
    ({ attributes }) => !FONT_SCRAMBLING.includes(attributes.Algorithm ?? ''),
  );
  if (!isLocked) return;
  throw new BlockragError(
    'document_encrypted',
    `${name} is protected against copying: use a copy that is not.`,
  );
}

function bookProperties(metadata: XmlElement | undefined): Pick<Content, 'title' | 'metadata'> {
  const all = (key: string) => elements(metadata, `dc:${key}`).map((element) => textContent(element).trim());
  const [title] = all('title');
  const found: [string, string][] = [
    ['author', all('creator').join(', ')],
    ['subject', all('subject').join(', ')],
    ['date', dateOf(all('date')[0] ?? '') || (all('date')[0] ?? '')],
    [
      'isbn',
      all('identifier')
        .find((id) => /^(?:urn:isbn:)?97[89][\d-]{10,14}$/i.test(id))
        ?.replace(/^urn:isbn:/i, '') ?? '',
    ],
    ...METADATA.map((key): [string, string] => [key, all(key)[0]?.replace(/<[^<>]*>/g, ' ') ?? '']),
  ];
  return {
    title: title || undefined,
    metadata: Object.fromEntries(found.filter(([, value]) => value !== '')),
  };
}
