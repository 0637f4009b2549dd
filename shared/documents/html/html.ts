/** HTML pages and pieces of HTML: all that a reader of the page can see, without navigation and banners. */

import type { Block, Content } from '../types.ts';
import { htmlBlocks } from './blocks.ts';
import { type Survey, survey } from './survey.ts';
import { parseTree } from './tree.ts';

/** Names of meta elements, the most telling first. */
const METADATA: Readonly<Record<string, readonly string[]>> = {
  author: ['author', 'article:author', 'dc.creator', 'dcterms.creator', 'citation_author', 'byl'],
  date: [
    'article:published_time',
    'date',
    'dc.date',
    'dcterms.date',
    'dcterms.issued',
    'dcterms.created',
    'dc.date.issued',
    'datepublished',
    'citation_publication_date',
    'pubdate',
  ],
  modified: ['article:modified_time', 'dcterms.modified', 'datemodified', 'last-modified', 'revised'],
  description: ['description', 'og:description', 'dc.description', 'dcterms.description'],
  keywords: ['keywords', 'dc.subject'],
};

/**
 * Reads a page, whole or broken. The blocks hold all that a reader of the page can see: closed details and tabs, values
 * of forms, what stands beside and after the article. Scripts, styles, navigation, menus of links, cookie banners and
 * hidden elements are left out. Title and metadata are those of the head.
 *
 * @throws BlockragError `document_too_complex`
 */
export function parseHtml(html: string): Content {
  const root = parseTree(html);
  const known = survey(root);
  const title = known.title?.trim() || metaValue(known, ['og:title', 'twitter:title', 'dc.title']);
  return { title, metadata: metadataOf(known), blocks: htmlBlocks(root, known) };
}

/**
 * The blocks of a piece of HTML, such as a converted document: headings by their level, lists as one text, tables with
 * caption and header and their spans filled, `<pre>` as code, footnotes after the block that refers to them.
 *
 * @throws BlockragError `document_too_complex`
 */
export function parseFragment(html: string): Block[] {
  const root = parseTree(html);
  return htmlBlocks(root, survey(root));
}

function metadataOf(known: Survey): Record<string, string> {
  const entries = Object.entries(METADATA).map(
    ([name, sources]) => [name, metaValue(known, sources)] as const,
  );
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The value of the first of some names that has one; several authors are joined. */
function metaValue({ meta }: Survey, names: readonly string[]): string | undefined {
  for (const name of names) {
    const values = meta.filter(
      ([one, value]) => one === name && value.trim() !== '' && !/^https?:/.test(value),
    );
    if (values.length > 0)
      return [...new Set(values.map(([, value]) => value.trim()))].slice(0, 20).join(', ');
  }
  return undefined;
}
