/** The text of a paragraph: as Word shows it, with changes accepted and fields as their results. */
import { altText, graphicBlocks } from '../office/drawing.ts';
import { PAGE_MARK } from '../office/header-line.ts';
import { linked, script, TICKED, tidyTicks, UNTICKED } from '../office/marks.ts';
import { mathText } from '../office/math.ts';
import { ballotText, symbolText } from '../office/symbols.ts';
import { child, descendants, elements, isOn, textContent, type XmlElement } from '../office/xml.ts';
import { type Field, isPageNumber, linkOf, shownWithoutResult } from './fields.ts';
import type { NoteKind } from './file.ts';
import { emptyInline, fontText, type Inline, isMonospaced, type Surroundings, tidy } from './inline-parts.ts';
import { mergeFormats, type RunFormat, runFormat, type Style, val } from './styles.ts';

const SIGNS: Readonly<Record<string, string>> = {
  'w:tab': '\t',
  'w:ptab': '\t',
  'w:br': '\n',
  'w:cr': '\n',
  'w:noBreakHyphen': '-',
};
const NOTES: Readonly<Record<string, NoteKind>> = {
  'w:footnoteReference': 'footnote',
  'w:endnoteReference': 'endnote',
  'w:commentReference': 'comment',
};
/** What only groups its content; deleted text (w:del, w:moveFrom) is not among them. */
const GROUPS = new Set([
  'w:ins',
  'w:moveTo',
  'w:smartTag',
  'w:customXml',
  'w:dir',
  'w:bdo',
  'w:sdtContent',
  'w:rubyBase',
]);

export class InlineReader {
  #around: Surroundings;
  /** Open fields, which may span paragraphs; outermost first. */
  #fields: Field[] = [];
  #paragraph: XmlElement | undefined;
  #style: Style = { id: '' };
  #text = '';
  #script: '^' | '_' | '' = '';
  #scripted = '';
  /** Where the last equation of the paragraph ends. */
  #equationEnd = 0;
  #result: Inline = emptyInline();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  read(paragraph: XmlElement, style: Style): Inline {
    this.#paragraph = paragraph;
    this.#style = style;
    this.#text = '';
    this.#equationEnd = 0;
    this.#result = emptyInline();
    this.#visitAll(paragraph);
    this.#flush();
    const text = tidyTicks(ballotText(this.#text));
    const { isBold, isMonospaced } = this.#result;
    const hasText = text.trim() !== '';
    return {
      ...this.#result,
      text: tidy(text),
      raw: text,
      isBold: isBold && hasText,
      isMonospaced: isMonospaced && hasText,
    };
  }

  #visitAll(parent: XmlElement | undefined): void {
    for (const element of elements(parent)) this.#visit(element);
  }

  #visit(element: XmlElement): void {
    const { name, attributes } = element;
    if (name === 'w:r') this.#run(element);
    else if (name === 'w:hyperlink') {
      const start = this.#position();
      this.#visitAll(element);
      this.#link(start, this.#around.links.get(attributes['r:id'] ?? '')?.target ?? '');
    } else if (name === 'w:fldSimple') this.#simpleField(element);
    else if (name === 'w:sdt') this.#control(element);
    else if (name === 'm:oMath') this.#equation(element);
    else if (name === 'm:oMathPara') this.#put(`\n${mathText(element)}\n`);
    else if (GROUPS.has(name)) this.#visitAll(element);
  }

  /** Equations with nothing between them are lines. */
  #equation(element: XmlElement): void {
    const isNext = this.#equationEnd > 0 && this.#position() === this.#equationEnd;
    this.#put((isNext ? '\n' : '') + mathText(element));
    this.#equationEnd = this.#position();
  }

  #run(run: XmlElement): void {
    const properties = child(run, 'w:rPr');
    const named = val(properties, 'w:rStyle');
    const { styles } = this.#around.file;
    const format = mergeFormats(
      runFormat(properties),
      named === undefined ? {} : styles.get(named),
      this.#style,
    );
    for (const element of elements(run)) {
      if (element.name === 'w:fldChar') this.#fieldSign(element);
      else if (element.name === 'w:instrText') this.#fieldCode(textContent(element));
      else if (!format.isHidden && !format.isStruck) this.#inRun(element, format);
    }
  }

  #inRun(element: XmlElement, format: RunFormat): void {
    const { name, attributes } = element;
    if (name === 'w:t') this.#put(fontText(textContent(element), format.font), format);
    else if (name in SIGNS) this.#put(SIGNS[name]!, format);
    else if (name === 'w:sym') {
      const code = Number.parseInt(attributes['w:char'] ?? '', 16);
      if (code > 0 && code < 0x10000) this.#put(symbolText(attributes['w:font'] ?? '', code), format);
    } else if (name in NOTES) this.#note(NOTES[name]!, element);
    else if (name === 'w:drawing' || name === 'w:pict' || name === 'w:object') this.#drawing(element);
    else if (name === 'w:ruby') {
      this.#visitAll(child(element, 'w:rubyBase'));
      const reading = descendants(child(element, 'w:rt'), 'w:t').map(textContent).join('');
      if (reading !== '') this.#put(`(${reading})`);
    } else if (name === 'w:pgNum') this.#put(this.#around.isHeader ? PAGE_MARK : '');
  }

  /** A content control: a box that is ticked or not, or what it shows. */
  #control(element: XmlElement): void {
    const box = child(element, 'w:sdtPr', 'w14:checkbox');
    if (box === undefined) this.#visitAll(child(element, 'w:sdtContent'));
    else this.#put(isOn(box, 'w14:checked') ? TICKED : UNTICKED);
  }

  #simpleField(element: XmlElement): void {
    const code = element.attributes['w:instr'] ?? '';
    if (this.#around.isHeader && isPageNumber(code)) {
      this.#put(PAGE_MARK);
      return;
    }
    const start = this.#position();
    this.#visitAll(element);
    if (this.#position() === start) this.#put(shownWithoutResult({ code, form: undefined }));
    this.#link(start, linkOf(code));
  }

  #fieldSign(sign: XmlElement): void {
    const type = sign.attributes['w:fldCharType'];
    const field = this.#fields.at(-1);
    if (type === 'begin') {
      const form = child(sign, 'w:ffData');
      this.#fields.push({ code: '', isInResult: false, start: 0, paragraph: undefined, form });
    } else if (type === 'separate' && field !== undefined) {
      field.isInResult = !(this.#around.isHeader && isPageNumber(field.code));
      field.start = this.#position();
      field.paragraph = this.#paragraph;
    } else if (type === 'end' && field !== undefined) {
      this.#fields.pop();
      const isHere = field.paragraph === this.#paragraph;
      if (isPageNumber(field.code) && this.#around.isHeader) this.#put(PAGE_MARK);
      else if (!field.isInResult || (isHere && this.#position() === field.start))
        this.#put(shownWithoutResult(field));
      else if (isHere) this.#link(field.start, linkOf(field.code));
    }
  }

  #fieldCode(code: string): void {
    const field = this.#fields.at(-1);
    if (field !== undefined && !field.isInResult) field.code += code;
  }

  #note(kind: NoteKind, reference: XmlElement): void {
    if (!this.#isShown()) return;
    const { mark, author, element, part } = this.#around.file.takeNote(kind, reference);
    if (mark !== undefined) this.#put(`[${mark}]`);
    const text = element === undefined ? '' : this.#around.readNote(element, part);
    if (text === '') return;
    const lead =
      kind === 'comment'
        ? `Comment${author ? ` (${author})` : ''}: `
        : mark === undefined
          ? ''
          : `[${mark}] `;
    this.#result.notes.push(lead + text);
  }

  #drawing(element: XmlElement): void {
    if (!this.#isShown()) return;
    this.#result.hasDrawing = true;
    const { file, links, readBox } = this.#around;
    const texts = [
      ...descendants(element, 'wp:docPr', '_:cNvPr').map(altText),
      ...descendants(element, 'v:textpath').map(({ attributes }) => attributes.string ?? ''),
      ...elements(element).map(({ attributes }) => attributes.alt ?? ''),
    ];
    for (const text of new Set(texts.map((one) => one.trim()))) if (text !== '') this.#put(` ${text} `);
    for (const box of descendants(element, 'w:txbxContent')) this.#result.blocks.push(...readBox(box));
    this.#result.blocks.push(...graphicBlocks(element, file.package, links));
  }

  #put(text: string, format: RunFormat = {}): void {
    if (text === '' || !this.#isShown()) return;
    const mark = format.script ?? '';
    if (mark !== this.#script) this.#flush();
    this.#script = mark;
    if (mark === '') this.#text += text;
    else this.#scripted += text;
    if (text.trim() === '') return;
    this.#result.isBold &&= format.isBold ?? false;
    this.#result.isMonospaced &&= isMonospaced(format.font);
  }

  /** Ends a superscript or subscript, which may be of several runs. */
  #flush(): void {
    if (this.#script !== '') this.#text += script(this.#script, this.#scripted, this.#text);
    this.#script = '';
    this.#scripted = '';
  }

  #position(): number {
    this.#flush();
    return this.#text.length;
  }

  #link(start: number, target: string): void {
    this.#flush();
    this.#text = this.#text.slice(0, start) + linked(this.#text.slice(start), target);
  }

  /** Not within the code of a field. */
  #isShown(): boolean {
    return this.#fields.every(({ isInResult }) => isInResult);
  }
}
