/** Markdown (CommonMark with GitHub's tables, ticks and footnotes, and HTML): written as HTML and read as that. */
import MarkdownItParser, { type MarkdownIt } from 'markdown-it';
import { BlockragError } from '../../errors.ts';
import { parseFragment } from '../html/html.ts';
import type { Content } from '../types.ts';
import { admonitions } from './admonitions.ts';
import { attributes } from './attributes.ts';
import { partFrontMatter } from './front-matter.ts';
import { gridTables } from './grid-tables.ts';
import { footnotes } from './notes.ts';
import { formulas, placeholders, wikiLinks } from './text.ts';

/** Lists, items and quotes in one another, and marks in marks. A list takes two levels. */
const MAX_NESTING = 200;

const parser = new MarkdownItParser({ html: true, maxNesting: MAX_NESTING })
  .use(footnotes)
  .use(formulas)
  .use(wikiLinks)
  .use(placeholders)
  .use(admonitions)
  .use(attributes)
  .use(gridTables)
  .use(limitNesting);
// Targets are shown and not followed.
parser.validateLink = () => true;
parser.normalizeLink = (url) => url;

/**
 * Reads Markdown with the HTML in it. Front matter (YAML or TOML) becomes the title and the metadata; footnotes stand
 * after the block that refers to them; formulas, wiki links and admonitions stay readable. The time is linear in the
 * length.
 *
 * @throws BlockragError `document_too_complex` when lists and quotes are nested more than a hundred deep
 */
export function parseMarkdown(markdown: string): Content {
  const { title, metadata, body } = partFrontMatter(markdown);
  return { title, metadata, blocks: parseFragment(parser.render(body)) };
}

/** The parser drops what is nested too deeply without a word. */
function limitNesting(md: MarkdownIt): void {
  const tokenize = md.block.tokenize;
  md.block.tokenize = function (state, startLine, endLine) {
    if (state.level >= MAX_NESTING) {
      throw new BlockragError(
        'document_too_complex',
        'Lists and quotes of the Markdown are nested too deeply to be read: split the document.',
      );
    }
    tokenize.call(this, state, startLine, endLine);
  };
}
