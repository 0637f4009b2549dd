/**
 * Turns an HTML tree into blocks of readable text. `textContent` would join headings with the text after them; here
 * block elements separate the text.
 */
import { oneLine } from '../passages/clean.ts';
import { blockText } from '../passages/pieces.ts';
import type { Block, ContentBlock } from '../types.ts';
import { codeInTable } from './code.ts';
import { iconText } from './icons.ts';
import type { Survey } from './survey.ts';
import { isLayout, partsOf, TableFiller } from './tables.ts';
import { type HtmlElement, type HtmlRoot, walkTree } from './tree.ts';
import { BlockWalk, type Place } from './walk.ts';

/** What is read after the block in which it stands. */
interface Deferred {
  element: HtmlElement;
  /** A footnote's mark; undefined for a nested table. */
  label: string | undefined;
}

/** The headings, paragraphs, lists, code blocks and tables of a tree, in reading order. */
export function htmlBlocks(root: HtmlRoot, survey: Survey): Block[] {
  return new PageReader(survey).read(root);
}

/** What the walks over one page share. */
export class PageReader {
  readonly survey: Survey;
  readonly notes: ReadonlySet<HtmlElement>;
  #filler = new TableFiller();
  #deferred: Deferred[] = [];
  #read = new Set<HtmlElement>();

  constructor(survey: Survey) {
    this.survey = survey;
    this.notes = new Set(survey.notes.values());
  }

  read(root: HtmlRoot): Block[] {
    const blocks = this.walk(root, 'page');
    for (const element of this.notes) this.defer({ element, label: '' });
    return [...blocks, ...this.deferred()];
  }

  walk(root: HtmlElement | HtmlRoot, place: Place): Block[] {
    const walk = new BlockWalk(this, place);
    walkTree(
      root,
      (node) => walk.enter(node),
      (element, next) => walk.leave(element, next),
    );
    return walk.end();
  }

  defer(deferred: Deferred): void {
    if (this.#read.has(deferred.element)) return;
    this.#read.add(deferred.element);
    this.#deferred.push(deferred);
  }

  /** The blocks of nested tables and footnotes that came up, and of those in them. */
  deferred(): Block[] {
    const blocks: Block[] = [];
    const todo = this.#deferred.splice(0).reverse();
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const { element, label } = next;
      const found = label === undefined ? this.table(element) : withLabel(this.walk(element, 'part'), label);
      for (const block of found ?? this.walk(element, 'part')) blocks.push(block);
      for (const inner of this.#deferred.splice(0).reverse()) todo.push(inner);
    }
    return blocks;
  }

  /** A table's block; undefined for one that only lays out a page. */
  table(element: HtmlElement): ContentBlock[] | undefined {
    const parts = partsOf(element, this.survey);
    const code = codeInTable(parts);
    if (code !== undefined) return [{ kind: 'code', text: code }];
    if (isLayout(element, parts, this.survey)) return undefined;
    return [this.#filler.block(parts, (cell) => this.#cellText(cell))];
  }

  #cellText(cell: HtmlElement): string {
    return oneLine(this.walk(cell, 'cell').map(blockText).join(' ')) || iconText(cell);
  }
}

/** A footnote's blocks, the first with its mark. Brackets alone are what is left of a link back. */
function withLabel(blocks: Block[], label: string): Block[] {
  const isMark = (block: Block | undefined) =>
    block?.kind === 'text' && /^[[\](){}^.:\s]{1,20}$/.test(block.text);
  const [first, ...rest] = blocks.length > 1 && isMark(blocks[0]) ? blocks.slice(1) : blocks;
  if (first?.kind !== 'text' || first.text.startsWith(label)) return blocks;
  return [{ ...first, text: `${label} ${first.text}` }, ...rest];
}
