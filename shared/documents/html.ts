/** HTML: the article of a page if Readability finds one, else the whole page. */
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { htmlBlocks, textOfBlock } from './html-blocks.ts';
import { onlyTopHeading } from './outline.ts';
import type { Block, Content } from './types.ts';

/** Readability recurses: a page nested deeper than this is read whole. */
const MAX_READABILITY_DEPTH = 256;
/** Readability looks at every element several times. */
const MAX_READABILITY_ELEMENTS = 50_000;
/** An article with a smaller share of the page's text is taken for a wrong guess. */
const MIN_ARTICLE_SHARE = 1 / 3;

/** Reads a page; scripts, styles, navigation and hidden elements are left out. */
export function parseHtml(html: string): Content {
  const document = parsePage(html);
  const page = htmlBlocks(document.documentElement);
  // Readability makes level 2 headings of those of level 1.
  const title = document.querySelector('title')?.textContent || onlyTopHeading(page);
  const article = isReadable(document) ? articleBlocks(document) : [];
  return { title, blocks: size(article) >= size(page) * MIN_ARTICLE_SHARE ? article : page };
}

/** The blocks of a piece of HTML: of a converted document, or in Markdown. */
export function parseFragment(html: string): Block[] {
  return htmlBlocks(parsePage(html).documentElement);
}

/** linkedom makes the first element the root, whatever it is: text after it would be lost. */
function parsePage(html: string): Document {
  const page = /<html[\s>]/i.test(html) ? html : `<!doctype html><html><body>${html}</body></html>`;
  return parseHTML(page).document;
}

/** Readability changes the document: call this last. */
function articleBlocks(document: Document): Block[] {
  const reader = new Readability(document, { serializer: (node) => node as Element });
  const article = reader.parse()?.content;
  return article ? htmlBlocks(article) : [];
}

function isReadable(document: Document): boolean {
  let depth = 0;
  let elements = 0;
  let node: Element | null = document.documentElement;
  while (node !== null) {
    elements += 1;
    if (depth > MAX_READABILITY_DEPTH || elements > MAX_READABILITY_ELEMENTS) return false;
    if (node.firstElementChild !== null) {
      node = node.firstElementChild;
      depth += 1;
      continue;
    }
    while (node !== null && node.nextElementSibling === null) {
      node = node.parentElement;
      depth -= 1;
    }
    node = node?.nextElementSibling ?? null;
  }
  return true;
}

function size(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + textOfBlock(block).length, 0);
}
