/** Inline elements of HTML that are written out at their end: raised text, links, readings, quotations, formulas. */
import { grouped, linkTarget, subscript, superscript } from './inline.ts';
import type { Line, Mark } from './line.ts';
import { namesOf } from './noise.ts';
import { fragmentOf, type Survey, textStyle } from './survey.ts';
import { attr, type HtmlElement, type HtmlNode, isElement, tagOf } from './tree.ts';

type Kind =
  | 'sup'
  | 'sub'
  | 'link'
  | 'note'
  | 'ruby'
  | 'reading'
  | 'quote'
  | 'group'
  | 'below'
  | 'root'
  | 'degree'
  | 'words';

interface OpenMark {
  element: HtmlElement;
  kind: Kind;
  mark: Mark;
  /** Leads to a place on the page. */
  isReference: boolean;
  readings: string[];
}

const KIND_OF_TAG: Readonly<Record<string, Kind>> = {
  sup: 'sup',
  sub: 'sub',
  a: 'link',
  ruby: 'ruby',
  rt: 'reading',
  q: 'quote',
  button: 'words',
  output: 'words',
  meter: 'words',
  progress: 'words',
  'math:msqrt': 'root',
  'math:mtr': 'words',
  'math:mtd': 'words',
};
/** What the second and third child of a formula's element are. */
const KIND_IN_FORMULA: Readonly<Record<string, readonly (Kind | undefined)[]>> = {
  'math:msup': [undefined, 'sup'],
  'math:msub': [undefined, 'sub'],
  'math:mover': [undefined, 'sup'],
  'math:munder': [undefined, 'sub'],
  'math:msubsup': [undefined, 'sub', 'sup'],
  'math:munderover': [undefined, 'sub', 'sup'],
  'math:mfrac': ['group', 'below'],
  'math:mroot': ['root', 'degree'],
};

/** The inline elements that are open, and what becomes of their text. */
export class InlineMarks {
  #open: OpenMark[] = [];
  #line: Line;
  #survey: Survey;

  constructor(line: Line, survey: Survey) {
    this.#line = line;
    this.#survey = survey;
  }

  enter(element: HtmlElement, tag: string): void {
    let kind = Object.hasOwn(KIND_OF_TAG, tag) ? KIND_OF_TAG[tag] : kindInFormula(element);
    if (tag === 'span' && element.attrs.length > 0) kind ??= this.#raised(element);
    if (tag === 'label') this.#line.add(' ');
    if (kind === undefined) return;
    // Of the same page, or of another part of a book.
    const isReference = kind === 'link' && /^[^:?#]*#/.test((attr(element, 'href') ?? '').slice(0, 500));
    if (isReference && this.#survey.notes.has(fragmentOf(element))) kind = 'note';
    const above = this.#open.at(-1);
    if (isReference && above?.kind === 'sup') above.isReference = true;
    if (kind === 'words') this.#line.add(' ');
    const leads = isReference || (above?.kind === 'link' && above.isReference);
    this.#open.push({ element, kind, mark: this.#line.mark(), isReference: leads, readings: [] });
  }

  /** Text that a style raises or lowers. */
  #raised(span: HtmlElement): Kind | undefined {
    const own = [attr(span, 'style') ?? ''].map((rules) => textStyle(rules.slice(0, 1000)));
    const named = namesOf(span).map((name) => this.#survey.styles.get(name));
    const style = [...own, ...named].find((one) => one !== undefined);
    return style === 'struck' ? undefined : style;
  }

  /** Ends an element; a footnote that it leads to is returned with its mark, "[1]". */
  leave(
    element: HtmlElement,
    next: HtmlNode | undefined,
    inHeading: boolean,
  ): { note: HtmlElement; label: string } | undefined {
    const open = this.#open.at(-1);
    if (open === undefined || open.element !== element) return undefined;
    this.#open.pop();
    const line = this.#line;
    if (open.kind === 'link') {
      if (!inHeading && !open.isReference) {
        line.addAfter(linkTarget(attr(element, 'href'), line.textFrom(open.mark)));
      }
      return undefined;
    }
    if (open.kind === 'words') {
      line.add(' ');
      return undefined;
    }
    const text = line.takeFrom(open.mark);
    line.addExactly(this.#rewritten(open, text, next));
    if (open.kind !== 'note') return undefined;
    const label = text.trim().replace(/^[[(^_]+|[\])]+$/g, '');
    return { note: this.#survey.notes.get(fragmentOf(element))!, label: `[${label}]` };
  }

  #rewritten(open: OpenMark, text: string, next: HtmlNode | undefined): string {
    const above = this.#open.at(-1);
    switch (open.kind) {
      case 'sup':
      case 'note': {
        // A note's link in a sup, or a sup in it, is one mark.
        if (open.kind === 'note' && above?.kind === 'sup') return text;
        if (open.kind === 'sup' && above?.kind === 'note') return text;
        const after = next !== undefined && 'value' in next ? next.value.slice(0, 1) : '';
        const isReference = open.isReference || open.kind === 'note';
        return superscript({ text, before: this.#line.tail, after, isReference });
      }
      case 'sub':
        return subscript(text);
      case 'quote':
        return `“${text.trim()}”`;
      case 'group':
        return grouped(text.trim());
      case 'below':
        return `/${grouped(text.trim())}`;
      case 'root':
        return `√${grouped(text.trim())}`;
      case 'degree':
        return `^(1/${text.trim()})`;
      case 'reading':
        if (above?.kind !== 'ruby') return ` (${text.trim()})`;
        if (text.trim() !== '') above.readings.push(text.trim());
        return '';
      case 'ruby': {
        const isLatin = open.readings.some((reading) => /[a-z]/i.test(reading));
        return open.readings.length === 0
          ? text
          : `${text.trim()}(${open.readings.join(isLatin ? ' ' : '')})`;
      }
      default:
        return text;
    }
  }
}

function kindInFormula(element: HtmlElement): Kind | undefined {
  const parent = element.parentNode;
  if (parent === null || !isElement(parent as HtmlElement)) return undefined;
  const tag = tagOf(parent as HtmlElement);
  if (!tag.startsWith('math:')) return undefined;
  // Only the first nodes are looked at: a formula's element has three children at most.
  const place = parent.childNodes.slice(0, 10).filter(isElement).indexOf(element);
  return KIND_IN_FORMULA[tag]?.[place];
}
