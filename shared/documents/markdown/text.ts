/** Rules for what Markdown has no name for, and readers know: formulas, wiki links, <placeholders>. */
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';

type InlineRule = (state: StateInline, silent: boolean) => boolean;
type BlockRule = (state: StateBlock, startLine: number, endLine: number, silent: boolean) => boolean;

/** Longer ones are no formula and no link. */
const MAX_FORMULA = 2000;
const MAX_FORMULA_LINES = 200;
const MAX_WIKI_LINK = 300;
/** Elements of HTML (and its SVG and MathML); others in Markdown are placeholders: "ssh <host>". */
const HTML_TAGS = new Set(
  (
    'a abbr acronym address area article aside audio b base bdi bdo big blockquote body br button canvas caption center ' +
    'cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure ' +
    'font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label ' +
    'legend li link main map mark marquee menu meta meter nav nobr noframes noscript object ol optgroup option output ' +
    'p param picture pre progress q rp rt ruby s samp script search section select slot small source span strike ' +
    'strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var ' +
    'video wbr math path g'
  ).split(' '),
);

/** $x_1$, $$...$$, \(x\) and \[x\] stay as they are written, their asterisks and underscores included. */
export function formulas(md: MarkdownIt): void {
  const rule: InlineRule = (state, silent) => {
    const { src, pos, posMax } = state;
    const open = openingAt(src, pos);
    if (open === undefined) return false;
    const [start, close] = open;
    const from = pos + start.length;
    const end = src.slice(from, Math.min(posMax, from + MAX_FORMULA)).indexOf(close);
    if (end <= 0) return false;
    const inner = src.slice(from, from + end);
    const next = src[from + end + close.length] ?? '';
    if (start === '$' && (/^\s|\s$|^`|\\$/.test(inner) || /\d/.test(next))) return false;
    if (!silent) state.push('text', '', 0).content = `${start}${inner}${close}`;
    state.pos = from + end + close.length;
    return true;
  };
  md.inline.ruler.before('escape', 'formula', rule);
  md.block.ruler.before('fence', 'formula', formulaBlock, { alt: ['paragraph', 'blockquote', 'list'] });
}

/** [[Page]] and [[Page|its name]] show their text. */
export function wikiLinks(md: MarkdownIt): void {
  md.inline.ruler.before('link', 'wiki_link', (state, silent) => {
    const { src, pos, posMax } = state;
    if (!src.startsWith('[[', pos)) return false;
    const inner = src.slice(pos + 2, Math.min(posMax, pos + 2 + MAX_WIKI_LINK));
    const end = inner.indexOf(']]');
    const name = inner.slice(0, end);
    if (end <= 0 || /^\s|[[\]\n]/.test(name) || /[([]/.test(src[pos + end + 4] ?? '')) return false;
    if (!silent) state.push('text', '', 0).content = name.slice(name.lastIndexOf('|') + 1).trim();
    state.pos = pos + end + 4;
    return true;
  });
}

/** "<host>" is text: no element of HTML is called so, and nothing closes it. */
export function placeholders(md: MarkdownIt): void {
  /** By parse: the names of the elements that the text closes. */
  const closed = new WeakMap<object, Set<string>>();
  const isPlaceholder = (tag: string, env: object) => {
    const name = /^<([a-z][a-z0-9-]*)>/i.exec(tag)?.[1]?.toLowerCase();
    return name !== undefined && !HTML_TAGS.has(name) && !closed.get(env)?.has(name);
  };
  md.core.ruler.before('block', 'closing_tags', (state) => {
    const names = [...state.src.matchAll(/<\/([a-z][a-z0-9-]*)/gi)].map(([, name]) => name!.toLowerCase());
    closed.set(state.env, new Set(names));
  });
  const inline = ruleNamed(md.inline.ruler, 'html_inline');
  md.inline.ruler.at('html_inline', (state, silent) => {
    const { pos } = state;
    if (!inline(state, silent)) return false;
    const tag = state.src.slice(pos, state.pos);
    if (!silent && isPlaceholder(tag, state.env)) {
      const token = state.tokens.at(-1)!;
      token.type = 'text';
      token.content = tag;
    }
    return true;
  });
  const block = ruleNamed(md.block.ruler, 'html_block');
  const rule: BlockRule = (state, line, end, silent) => {
    const start = state.bMarks[line]! + state.tShift[line]!;
    return !isPlaceholder(state.src.slice(start, start + 100), state.env) && block(state, line, end, silent);
  };
  md.block.ruler.at('html_block', rule, { alt: ['paragraph', 'reference', 'blockquote'] });
}

function openingAt(src: string, pos: number): readonly [start: string, close: string] | undefined {
  if (src.startsWith('$$', pos)) return ['$$', '$$'];
  if (src[pos] === '$') return ['$', '$'];
  if (src.startsWith('\\(', pos)) return ['\\(', '\\)'];
  return src.startsWith('\\[', pos) ? ['\\[', '\\]'] : undefined;
}

/** A formula of lines of its own. */
const formulaBlock: BlockRule = (state, startLine, endLine, silent) => {
  const lineAt = (line: number) =>
    state.src.slice(state.bMarks[line]! + state.tShift[line]!, state.eMarks[line]).trim();
  if (state.sCount[startLine]! - state.blkIndent >= 4) return false;
  const first = lineAt(startLine);
  const close = first.startsWith('$$') ? '$$' : first.startsWith('\\[') ? '\\]' : undefined;
  if (close === undefined) return false;
  let last = startLine;
  if (!first.slice(2).endsWith(close)) {
    const goesOn = (line: string) =>
      line !== '' && !line.endsWith(close) && !line.startsWith(first.slice(0, 2));
    do last += 1;
    while (last < endLine && last - startLine < MAX_FORMULA_LINES && goesOn(lineAt(last)));
    if (last >= endLine || !lineAt(last).endsWith(close)) return false;
  }
  if (silent) return true;
  state.push('paragraph_open', 'p', 1);
  const token = state.push('html_block', '', 0);
  const text = state.getLines(startLine, last + 1, state.blkIndent, false).trim();
  token.content = state.md.utils.escapeHtml(text).replaceAll('\n', '<br>');
  state.push('paragraph_close', 'p', -1);
  state.line = last + 1;
  return true;
};

/** A rule that is to be wrapped. */
function ruleNamed<Rule>({ __rules__ }: { __rules__: { name: string; fn: Rule }[] }, name: string): Rule {
  return __rules__.find((rule) => rule.name === name)!.fn;
}
