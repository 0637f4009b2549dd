/** HTML as a tree, parsed as browsers do (parse5), with bounds on what hostile input can cost. */
import {
  type DefaultTreeAdapterMap,
  type DefaultTreeAdapterTypes,
  html,
  Parser,
  Token,
  TokenizerMode,
} from 'parse5';
import { BlockragError } from '../../errors.ts';

export type HtmlNode = DefaultTreeAdapterTypes.ChildNode;
export type HtmlElement = DefaultTreeAdapterTypes.Element;
export type HtmlRoot = DefaultTreeAdapterTypes.Document;

/** Browsers flatten what is nested deeper, too: a tag looks through the elements above it. */
const MAX_DEPTH = 512;
/** Elements whose end matters wherever they stand: flattened, their content would show, or tables fall apart. */
const NEVER_FLATTENED = new Set(
  (
    'script style title textarea pre noscript template iframe select option svg math ' +
    'table caption colgroup thead tbody tfoot tr td th br img input hr wbr'
  ).split(' '),
);
/** With these, an element is nested too deep to be read at all. */
const MAX_KEPT_DEPTH = 20_000;
/** Unclosed formatting is made anew in each paragraph: this many elements a tag are honest, more is an attack. */
const ELEMENTS_PER_TAG = 10;
const FREE_ELEMENTS = 100_000;
const CDATA = '<![CDATA[';
const HEAD_LENGTH = 10_000;
const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/**
 * Parses a page or a piece of HTML, whole or broken. The time is linear in its length.
 *
 * @throws BlockragError `document_too_complex` when the tree would be far larger than the text
 */
export function parseTree(text: string): HtmlRoot {
  return BoundedParser.parse<DefaultTreeAdapterMap>(withoutCdata(text)) as HtmlRoot;
}

/** CDATA of XML is text; HTML takes it for a comment. */
function withoutCdata(text: string): string {
  if (!/<\?xml|<ac:/.test(text.slice(0, HEAD_LENGTH)) || !text.includes(CDATA)) return text;
  const [first, ...rest] = text.split(CDATA);
  return (
    first +
    rest
      .map((part) => {
        const end = part.indexOf(']]>');
        if (end < 0) return CDATA + part;
        const shown = part
          .slice(0, end)
          .replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')
          .replaceAll('>', '&gt;');
        return shown + part.slice(end + 3);
      })
      .join('')
  );
}

class BoundedParser extends Parser<DefaultTreeAdapterMap> {
  #tags = 0;
  #elements = 0;
  /** XML knows `<title/>` and `<script src="a.js"/>` as whole elements. */
  #xml = false;

  override onItemPush(node: DefaultTreeAdapterTypes.ParentNode, tid: number, isTop: boolean): void {
    this.#elements += 1;
    const depth = this.openElements.stackTop;
    if (depth > MAX_KEPT_DEPTH || this.#elements > FREE_ELEMENTS + ELEMENTS_PER_TAG * this.#tags) {
      throw new BlockragError(
        'document_too_complex',
        'The HTML is nested too deeply, or its unclosed elements multiply: split the document.',
      );
    }
    super.onItemPush(node, tid, isTop);
  }

  override onComment(token: Token.CommentToken): void {
    if (token.data.startsWith('?xml ')) this.#xml = true;
    super.onComment(token);
  }

  override onStartTag(token: Token.TagToken): void {
    this.#tags += 1;
    if (this.openElements.stackTop > MAX_DEPTH && !NEVER_FLATTENED.has(token.tagName)) return;
    super.onStartTag(token);
    if (!this.#xml || !token.selfClosing || token.ackSelfClosing || VOID.has(token.tagName)) return;
    this.tokenizer.state = TokenizerMode.DATA;
    super.onEndTag({ ...token, type: Token.TokenType.END_TAG, selfClosing: false, attrs: [] });
  }
}

/** Whether a node is an element of HTML, SVG or MathML. */
export function isElement(node: HtmlNode | HtmlRoot): node is HtmlElement {
  return 'tagName' in node;
}

/** The tag of an HTML element; "svg:a" and "math:mi" in the other languages. */
export function tagOf(element: HtmlElement): string {
  if (element.namespaceURI === html.NS.SVG)
    return element.tagName === 'svg' ? 'svg' : `svg:${element.tagName}`;
  if (element.namespaceURI === html.NS.MATHML) return `math:${element.tagName}`;
  return element.tagName;
}

/** An attribute's value; "" when it has none, undefined when it is not there. */
export function attr(element: HtmlElement, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

/**
 * Visits the nodes below a node in reading order. `enter` says whether to go below a node; if so, `leave` follows, with
 * the node's next sibling.
 */
export function walkTree(
  root: HtmlElement | HtmlRoot,
  enter: (node: HtmlNode) => boolean,
  leave: (element: HtmlElement, next: HtmlNode | undefined) => void,
): void {
  // A loop and not a recursion, because pages nested 10,000 deep exist.
  const open: { element: HtmlElement | HtmlRoot; next: number }[] = [{ element: root, next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const node = top.element.childNodes[top.next];
    top.next += 1;
    if (node === undefined) {
      open.pop();
      const above = open.at(-1);
      if (above !== undefined) leave(top.element as HtmlElement, above.element.childNodes[above.next]);
    } else if (enter(node) && isElement(node)) open.push({ element: node, next: 0 });
  }
}

/** All text below a node, as it stands. */
export function rawText(root: HtmlElement): string {
  const parts: string[] = [];
  const enter = (node: HtmlNode) => {
    if (node.nodeName === '#text') parts.push((node as DefaultTreeAdapterTypes.TextNode).value);
    return true;
  };
  walkTree(root, enter, () => {});
  return parts.join('');
}
