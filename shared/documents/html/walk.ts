/** The walk over a part of an HTML tree that collects its blocks. */

import type { Block } from '../types.ts';
import { isAriaTable } from './aria-tables.ts';
import type { PageReader } from './blocks.ts';
import { codeText, isPreformatted } from './code.ts';
import { fieldText, itemTick, pictureText } from './inline.ts';
import { Line } from './line.ts';
import { isList, ListLines } from './lists.ts';
import { InlineMarks } from './marks.ts';
import { isLeftOut, isWikiFormula } from './noise.ts';
import { isHeading } from './survey.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, tagOf } from './tree.ts';

/** Elements that start and end a line; all others, unknown ones too, stand within one. */
const BLOCKS = new Set(
  (
    'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure ' +
    'footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html iframe legend li listing main menu nav ol p ' +
    'ac:structured-macro ac:rich-text-body ac:task ac:layout-cell plaintext pre search section summary table tbody td tfoot th thead tr ul xmp video audio object embed'
  ).split(' '),
);
/** Components of documentation pages (MDX). */
const COMPONENTS = new Set(
  'tabitem tab card accordion accordionitem step admonition callout expandable panel'.split(' '),
);
/** In these, a button is a part of the text; elsewhere it may be a tool ("Copy"). */
const TEXT_PARENTS = new Set('p td th dt dd label summary'.split(' '));
const BUTTON_SHOWS = ['aria-controls', 'aria-expanded', 'data-target', 'data-bs-target'];
const ONLY_TICKS = /^(?:\[[x ]\]\s*)+$/;

/** Where a walk's blocks go: they are the page, a part of it (a footnote), or the text of a table's cell. */
export type Place = 'page' | 'part' | 'cell';

/** Takes the nodes of a walk in turn. */
export class BlockWalk {
  #reader: PageReader;
  #place: Place;
  #blocks: Block[] = [];
  #line = new Line();
  #marks: InlineMarks;
  #heading: { element: HtmlElement; level: number } | undefined;
  #lists = new ListLines();
  #openLists: HtmlElement[] = [];

  constructor(reader: PageReader, place: Place) {
    this.#reader = reader;
    this.#place = place;
    this.#marks = new InlineMarks(this.#line, reader.survey);
  }

  /** Takes a node's start; false when nothing below it is to be visited (and `leave` is not called). */
  enter(node: HtmlNode): boolean {
    if (!isElement(node)) {
      if (node.nodeName === '#text' && 'value' in node)
        this.#text(node.value, node.parentNode as HtmlElement);
      return false;
    }
    const tag = tagOf(node);
    const isBlock = BLOCKS.has(tag);
    if (isBlock) this.#break();
    if (isLeftOut(node, tag, this.#reader.survey) || this.#reader.notes.has(node)) return false;
    if (tag === 'br') this.#line.addExactly('\n');
    const field = fieldText(node, tag);
    const shown = field ?? pictureText(node, tag);
    if (shown !== undefined) {
      if (tag === 'textarea') this.#line.addWords(shown.trim(), true);
      else if (field === undefined && (shown.length <= 2 || isWikiFormula(node))) this.#line.add(shown);
      else this.#line.addWords(shown);
      if (isBlock) this.#break();
      return false;
    }
    if (tag.startsWith('math:annotation')) return false;
    if (tag === 'button' && !this.#isSaid(node)) return false;
    if (this.#heading === undefined && isPreformatted(node, tag) && this.#code(node, isBlock)) return false;
    if (isBlock || isHeading(node, tag) || isAriaTable(node, tag)) return this.#enterBlock(node, tag);
    if (COMPONENTS.has(tag)) this.#label(node);
    this.#marks.enter(node, tag);
    return true;
  }

  leave(element: HtmlElement, next: HtmlNode | undefined): void {
    const tag = tagOf(element);
    if (element === this.#heading?.element) this.#endHeading();
    else if (BLOCKS.has(tag)) {
      this.#break(tag === 'li' || tag === 'dt' || tag === 'dd');
      if (element === this.#openLists.at(-1)) this.#endList();
    } else {
      const reference = this.#marks.leave(element, next, this.#heading !== undefined);
      if (reference !== undefined) this.#reader.defer({ element: reference.note, label: reference.label });
    }
  }

  end(): Block[] {
    this.#break(true);
    this.#pushList();
    return this.#blocks;
  }

  #text(text: string, parent: HtmlElement): void {
    const isFormula = parent.namespaceURI !== undefined && tagOf(parent).startsWith('math:');
    if (isFormula && tagOf(parent) !== 'math:mtext') this.#line.add(text.replace(/[\s\u2061-\u2064]+/g, ''));
    else this.#line.add(text);
  }

  #enterBlock(element: HtmlElement, tag: string): boolean {
    if (this.#heading !== undefined) return true;
    const facts = this.#reader.survey.facts.get(element);
    if (isHeading(element, tag) && this.#place !== 'cell') {
      this.#break(true);
      this.#pushList();
      this.#heading = { element, level: levelOf(element, tag) };
    } else if (tag === 'table' || isAriaTable(element, tag)) return this.#enterTable(element);
    else if (isList(tag) && !facts?.anyHeading && !(tag === 'dl' && (facts?.pre || facts?.table))) {
      this.#openLists.push(element);
      this.#lists.start(element, tag);
    } else if (tag === 'li' || tag === 'dt' || tag === 'dd') {
      this.#lists.item(element, tag);
      if (tag === 'li') this.#line.add(itemTick(element));
    }
    return true;
  }

  #enterTable(table: HtmlElement): boolean {
    if (this.#place === 'cell') {
      this.#reader.defer({ element: table, label: undefined });
      return false;
    }
    this.#pushList();
    const blocks = this.#reader.table(table);
    for (const block of blocks ?? []) this.#push(block);
    return blocks === undefined;
  }

  #code(element: HtmlElement, isBlock: boolean): boolean {
    const text = codeText(element);
    if (!isBlock && !text.includes('\n')) return false;
    this.#break();
    this.#pushList();
    if (text.trim() !== '') this.#push({ kind: 'code', text });
    return true;
  }

  /** The name that a component shows above or beside its text: a tab's, a card's. */
  #label(component: HtmlElement): void {
    this.#break();
    const label = attr(component, 'label') ?? attr(component, 'title') ?? '';
    if (this.#heading === undefined) this.#line.add(label);
    this.#break();
  }

  #isSaid(button: HtmlElement): boolean {
    return (
      (this.#heading !== undefined && this.#line.tail.trim() === '') ||
      attr(button, 'role') === 'tab' ||
      BUTTON_SHOWS.some((name) => attr(button, name) !== undefined) ||
      (this.#heading === undefined && TEXT_PARENTS.has(button.parentNode?.nodeName ?? ''))
    );
  }

  /** Ends a line. Ticks alone wait for their label, unless the line is the last of its item. */
  #break(isLast = false): void {
    if (this.#heading !== undefined) {
      this.#line.add(' ');
      return;
    }
    const text = this.#line.end();
    if (text === '') return;
    if (!isLast && this.#place !== 'cell' && text.length < 1000 && ONLY_TICKS.test(text)) {
      this.#line.add(`${text} `);
    } else if (this.#lists.isOpen) this.#lists.add(text.replace(/^\[X\](?=\s)/, '[x]'));
    else for (const paragraph of text.split(/\n{2,}/)) this.#push({ kind: 'text', text: paragraph });
  }

  #endHeading(): void {
    const { level } = this.#heading!;
    this.#heading = undefined;
    const text = this.#line.end();
    if (text !== '') this.#push({ kind: 'heading', level, text });
  }

  #endList(): void {
    this.#openLists.pop();
    if (this.#openLists.length === 0) this.#pushList();
    this.#lists.end();
  }

  #pushList(): void {
    const text = this.#lists.take();
    if (text === '') return;
    const inCell = () =>
      text
        .split('\n')
        .map((line) => line.trim().replace(/^- /, ''))
        .join('; ');
    this.#push({ kind: 'text', text: this.#place === 'cell' ? inCell() : text });
  }

  #push(block: Block): void {
    this.#blocks.push(block);
    if (this.#place !== 'page') return;
    for (const deferred of this.#reader.deferred()) this.#blocks.push(deferred);
  }
}

function levelOf(element: HtmlElement, tag: string): number {
  const level = Number.parseInt(/^h[1-6]$/.test(tag) ? tag[1]! : (attr(element, 'aria-level') ?? '2'), 10);
  return Number.isNaN(level) ? 2 : Math.min(Math.max(level, 1), 9);
}
