/** Plain text: paragraphs are what blank lines or form feeds separate. */
import type { Content } from './types.ts';

/** Reads plain text; lines within a paragraph stay as they are. */
export function parseText(text: string): Content {
  const paragraphs = text.split(/\n[^\S\n]*\n|\f/);
  return { blocks: paragraphs.map((text) => ({ kind: 'text', text })) };
}
