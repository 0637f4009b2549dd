/** Plain text: paragraphs are what blank lines or form feeds separate. */
import type { Content } from './outline.ts';

/** Reads plain text; lines within a paragraph stay as they are. */
export function parseText(text: string): Content {
  const paragraphs = text.split(/\n[^\S\n]*\n|\f/);
  return {
    title: undefined,
    blocks: paragraphs.map((paragraph) => ({ level: undefined, text: paragraph, page: undefined })),
  };
}
