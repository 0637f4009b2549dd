/** The blocks of a part of a Word file: the text itself, a header, a note, a text box. */
import { linesText } from '../office/lines.ts';
import { mathText } from '../office/math.ts';
import type { Relationships } from '../office/package.ts';
import { child, elements, isOn, type XmlElement } from '../office/xml.ts';
import type { Block, TableBlock } from '../types.ts';
import type { DocxFile } from './file.ts';
import { InlineReader } from './inline.ts';
import type { Inline } from './inline-parts.ts';
import { Lines } from './lines.ts';
import { type ListPlace, listPlace, outlineLevel, type Style } from './styles.ts';
import { readTable } from './table.ts';

/** Word's Title is above all headings. */
export const TITLE_LEVEL = 0;
/** A heading of more is a paragraph with an outline level. */
const MAX_HEADING = 300;
const GROUPS = new Set(['w:customXml', 'w:ins', 'w:moveTo', 'w:sdtContent']);
const TABLE_CAPTION = /^(?:tab(?:le|elle|leau|la|ela|ella|el|ell)?\b|таблица|表)/iu;

/** What a part's stories share. */
export interface StoryPart {
  file: DocxFile;
  links: Relationships;
  isHeader: boolean;
  /** Documents within the document, by the names of their parts. */
  chunks?: ReadonlyMap<string, Block[]> | undefined;
}

/** Blocks of what stands in a cell, with the notes that belong below its table. */
export interface CellContent {
  blocks: Block[];
  notes: string[];
  isBold: boolean;
}

/** An automatic number and the level of its list. */
interface NumberedAt {
  label: string;
  level: number;
}

/** The blocks below an element. */
export function readStory(parent: XmlElement, part: StoryPart): Block[] {
  return new Story(part, undefined).read(parent).blocks;
}

class Story {
  #part: StoryPart;
  #inline: InlineReader;
  #isCell: boolean;
  #blocks: Block[] = [];
  #notes: string[] = [];
  #isBold = true;
  #lines = new Lines();
  /** Text of paragraphs whose ends are deleted: it goes on in the next. */
  #carried: Inline | undefined;
  #caption: Inline | undefined;
  /** The table directly above. */
  #table: TableBlock | undefined;

  /** @param inline of the story around a cell: fields may go on in it */
  constructor(part: StoryPart, inline: InlineReader | undefined) {
    this.#part = part;
    this.#isCell = inline !== undefined;
    this.#inline =
      inline ??
      new InlineReader({
        ...part,
        readBox: (box) => readStory(box, part),
        readNote: (note, name) => {
          const links = part.file.package.relationships(name);
          return readStory(note, { ...part, links, isHeader: false })
            .map(linesText)
            .join('\n');
        },
      });
  }

  read(parent: XmlElement): CellContent {
    this.#addAll(parent);
    this.#endCaption();
    this.#end();
    return { blocks: this.#blocks, notes: this.#notes, isBold: this.#isBold };
  }

  #addAll(parent: XmlElement | undefined): void {
    for (const element of elements(parent)) {
      if (element.name === 'w:p') this.#paragraph(element);
      else if (element.name === 'w:tbl') this.#addTable(element);
      else if (element.name === 'w:sdt') this.#addAll(child(element, 'w:sdtContent'));
      else if (GROUPS.has(element.name)) this.#addAll(element);
      else if (element.name === 'w:altChunk') this.#addChunk(element);
      else if (element.name === 'm:oMathPara' || element.name === 'm:oMath')
        this.#push({ kind: 'text', text: mathText(element) });
    }
  }

  #paragraph(paragraph: XmlElement): void {
    const properties = child(paragraph, 'w:pPr');
    const style = this.#part.file.styles.ofParagraph(properties);
    const inline = this.#withCarried(this.#inline.read(paragraph, style));
    const mark = child(properties, 'w:rPr');
    if (child(mark, 'w:del') !== undefined || child(mark, 'w:moveFrom') !== undefined) {
      this.#carried = inline;
      return;
    }
    const isNothing = inline.text === '' && isOn(mark, 'w:vanish') === true;
    const number = isNothing ? undefined : this.#numberOf(properties, style);
    if (inline.text === '' && inline.blocks.length === 0) {
      if (inline.hasDrawing) this.#table = undefined;
      return;
    }
    this.#isBold &&= inline.isBold;
    this.#place(inline, style, outlineLevel(properties) ?? style.outline, number);
  }

  #place(inline: Inline, style: Style, outline: number | undefined, number: NumberedAt | undefined): void {
    const { text } = inline;
    if (style.role === 'caption' && text !== '') {
      if (this.#table !== undefined && this.#table.caption === undefined && TABLE_CAPTION.test(text)) {
        this.#table.caption = text;
        this.#addNotes(inline);
      } else {
        this.#endCaption();
        this.#caption = inline;
      }
      return;
    }
    this.#endCaption();
    const isHeading = outline !== undefined && outline < 9 && text.length <= MAX_HEADING && text !== '';
    const label = number?.label ?? '';
    if (style.role === 'title' && text !== '' && !this.#part.isHeader) this.#title(text);
    else if (style.role === 'toc') this.#add('toc', label + text);
    else if (this.#isCode(inline, style, label)) this.#add('code', label + inline.raw.trimEnd());
    else if (isHeading && !this.#part.isHeader)
      this.#push({ kind: 'heading', level: outline + 1, text: label + text });
    else if (label !== '' && text !== '') {
      this.#add('list', label + text, number!.level);
      for (const note of inline.notes.splice(0)) this.#lines.add('list', note, number!.level + 1);
    } else if (text !== '') this.#push({ kind: 'text', text });
    this.#addNotes(inline);
  }

  /** In a style for code; or in its font, with its signs or below code. */
  #isCode({ text, isMonospaced }: Inline, style: Style, label: string): boolean {
    if (style.role === 'code') return true;
    return isMonospaced && label === '' && (this.#lines.isOf('code') || /[(){}=;<>]/.test(text));
  }

  /** The automatic number, counted. */
  #numberOf(properties: XmlElement | undefined, style: Style): NumberedAt | undefined {
    const direct: ListPlace = listPlace(properties) ?? {};
    const numId = direct.numId ?? style.list?.numId;
    if (numId === undefined || numId === '0') return undefined;
    const { numbering } = this.#part.file;
    const level = direct.level ?? numbering.levelOfStyle(numId, style.id) ?? style.list?.level ?? 0;
    const label = numbering.next(numId, level);
    return label === undefined ? undefined : { label, level };
  }

  /** Lines of a title below each other are one title. */
  #title(text: string): void {
    this.#end();
    const last = this.#blocks.at(-1);
    if (last?.kind === 'heading' && last.level === TITLE_LEVEL) last.text += ` ${text}`;
    else this.#push({ kind: 'heading', level: TITLE_LEVEL, text });
  }

  #addTable(table: XmlElement): void {
    const caption = this.#caption;
    this.#caption = undefined;
    this.#end();
    const readCell = (cell: XmlElement) => new Story(this.#part, this.#inline).read(cell);
    const { blocks, notes } = readTable(table, caption?.text, readCell);
    this.#isBold = false;
    this.#blocks.push(...blocks);
    const last = blocks.at(-1);
    this.#addNotes({ notes: [...(caption?.notes ?? []), ...notes], blocks: caption?.blocks ?? [] });
    this.#table = last?.kind === 'table' ? last : undefined;
  }

  #addChunk({ attributes }: XmlElement): void {
    const target = this.#part.links.get(attributes['r:id'] ?? '')?.target ?? '';
    for (const block of this.#part.chunks?.get(target) ?? []) this.#push(block);
  }

  #withCarried(inline: Inline): Inline {
    const carried = this.#carried;
    this.#carried = undefined;
    if (carried === undefined) return inline;
    return {
      text: [carried.text, inline.text].filter((text) => text !== '').join(' '),
      notes: [...carried.notes, ...inline.notes],
      blocks: [...carried.blocks, ...inline.blocks],
      raw: [carried.raw, inline.raw].filter((text) => text !== '').join(' '),
      isBold: carried.isBold && inline.isBold,
      isMonospaced: carried.isMonospaced && inline.isMonospaced,
      hasDrawing: carried.hasDrawing || inline.hasDrawing,
    };
  }

  #add(kind: 'list' | 'toc' | 'code', text: string, level = 0): void {
    this.#table = undefined;
    if (!this.#lines.accepts(kind)) this.#end();
    this.#lines.add(kind, text, level);
  }

  #push(block: Block): void {
    this.#end();
    this.#table = undefined;
    this.#blocks.push(block);
  }

  /** Notes right after what refers to them; a table's after the table. */
  #addNotes({ notes, blocks }: Pick<Inline, 'notes' | 'blocks'>): void {
    if (this.#isCell) this.#notes.push(...notes);
    else for (const text of notes) this.#push({ kind: 'text', text });
    for (const block of blocks) this.#push(block);
  }

  /** A caption that no table follows is text. */
  #endCaption(): void {
    const caption = this.#caption;
    this.#caption = undefined;
    if (caption === undefined) return;
    this.#push({ kind: 'text', text: caption.text });
    this.#addNotes(caption);
  }

  #end(): void {
    const block = this.#lines.take();
    if (block !== undefined) this.#blocks.push(block);
  }
}
