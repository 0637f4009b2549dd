/** Pages within values of data, as feeds and exports of websites have them. */
import { blockText } from '../passages/pieces.ts';
import { parseFragment } from './html.ts';

const PAGE =
  /<\/(?:p|div|li|a|b|i|em|strong|h[1-6]|ul|ol|td|blockquote|pre|span)>|<(?:br|img|p)\b[^<>]{0,200}>/i;

/** Whether a text holds the marks of a page's text. */
export function isPage(text: string): boolean {
  return PAGE.test(text);
}

/** The text of a page; undefined for what is none. */
export function pageText(text: string): string | undefined {
  if (!isPage(text)) return undefined;
  try {
    const blocks = parseFragment(text);
    return blocks.map(blockText).join('\n\n');
  } catch {
    // Its elements multiply: the value stays as it is.
    return undefined;
  }
}
