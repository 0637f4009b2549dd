/** Footnotes of Markdown: "[^1]" in the text, "[^1]: What it says" below. */
import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it';

/** What marks a footnote's definition in the HTML; its id is the target of the links to it. */
export const NOTE_ATTRIBUTE = 'data-markdown-note';

const LABEL = /^\[\^([^\]\s[]{1,100})\]/;
const MAX_LABEL = 110;

/** By parse: the labels that are defined, and the numbers of those that are referred to. */
const notes = new WeakMap<object, { labels: Set<string>; numbers: Map<string, number> }>();

/** Teaches a parser to write a definition where it stands, and a link to it where it is referred to. */
export function footnotes(md: MarkdownIt): void {
  md.block.ruler.before('reference', 'footnote', definition, { alt: ['paragraph', 'reference'] });
  md.inline.ruler.before('link', 'footnote', reference);
}

function definition(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const start = state.bMarks[startLine]! + state.tShift[startLine]!;
  const mark = LABEL.exec(state.src.slice(start, start + MAX_LABEL));
  if (mark === null || state.sCount[startLine]! - state.blkIndent >= 4) return false;
  const colon = start + mark[0].length;
  if (state.src[colon] !== ':') return false;
  if (silent) return true;
  const label = mark[1]!.toLowerCase();
  const known = notes.get(state.env) ?? { labels: new Set(), numbers: new Map() };
  notes.set(state.env, known);
  known.labels.add(label);

  const open = state.push('footnote_open', 'div', 1);
  open.attrs = [
    ['id', `note:${label}`],
    [NOTE_ATTRIBUTE, ''],
  ];
  const { blkIndent } = state;
  const saved = [state.bMarks[startLine]!, state.tShift[startLine]!, state.sCount[startLine]!] as const;
  const blanks = /^[ \t]*/.exec(
    state.src.slice(colon + 1, Math.min(state.eMarks[startLine]!, colon + 100)),
  )![0];
  // The rest of the line is the first of the definition, whose other lines are indented.
  state.blkIndent += 4;
  state.bMarks[startLine] = colon + 1;
  state.tShift[startLine] = blanks.length;
  state.sCount[startLine] = state.blkIndent;
  state.md.block.tokenize(state, startLine, endLine);
  state.blkIndent = blkIndent;
  [state.bMarks[startLine], state.tShift[startLine], state.sCount[startLine]] = saved;
  state.push('footnote_close', 'div', -1);
  return true;
}

function reference(state: StateInline, silent: boolean): boolean {
  const mark = LABEL.exec(state.src.slice(state.pos, Math.min(state.posMax, state.pos + MAX_LABEL)));
  if (mark === null) return false;
  const label = mark[1]!.toLowerCase();
  const known = notes.get(state.env);
  if (!known?.labels.has(label)) return false;
  if (!silent) {
    const number = known.numbers.get(label) ?? known.numbers.size + 1;
    known.numbers.set(label, number);
    const token = state.push('html_inline', '', 0);
    token.content = `<a href="#${encodeURIComponent(`note:${label}`)}">${number}</a>`;
  }
  state.pos += mark[0].length;
  return true;
}
