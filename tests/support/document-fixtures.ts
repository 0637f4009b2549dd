/** What the tests of this folder share: fixture files and text as bytes. */
import { readFileSync } from 'node:fs';

/** A file of tests/fixtures/documents. */
export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/documents/${name}`, import.meta.url));
}

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
