/** What the tests of this folder share: fixture files and text as bytes. */
import { readFileSync } from 'node:fs';
import { blockText } from '../../shared/documents/passages/pieces.ts';
import type { ParsedDocument } from '../../shared/documents/types.ts';

/** A file of tests/fixtures/documents. */
export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/documents/${name}`, import.meta.url));
}

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A document's sections with each block as its text and pages. */
export function plainSections({ sections }: ParsedDocument) {
  return sections.map(({ headings, content }) => ({ headings, content: content.map(blockText) }));
}

/** The text of all blocks of a document, in reading order. */
export function plainText(document: ParsedDocument): string[] {
  return plainSections(document).flatMap(({ content }) => content);
}
