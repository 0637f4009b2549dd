/** Notes and warnings in Markdown: "> [!NOTE]", ":::warning Title", "!!! note" with an indented text below it. */
import type { MarkdownIt, StateBlock } from 'markdown-it';

type BlockRule = (state: StateBlock, startLine: number, endLine: number, silent: boolean) => boolean;

const KINDS = new Set(
  (
    'note tip info important warning caution danger abstract summary todo success question faq help failure error bug ' +
    'example quote hint attention details seealso'
  ).split(' '),
);
/** An admonition's first line is short. */
const MAX_LINE = 500;

/** Teaches a parser to read them as paragraphs that begin with their kind: "Warning: Title". */
export function admonitions(md: MarkdownIt): void {
  const alt = ['paragraph', 'reference', 'blockquote', 'list'];
  md.block.ruler.before('fence', 'admonition', fenced, { alt });
  md.block.ruler.before('fence', 'indented_admonition', indented, { alt });
  md.core.ruler.after('block', 'alert', (state) => {
    for (const [i, token] of state.tokens.entries()) {
      if (token.type !== 'inline' || state.tokens[i - 2]?.type !== 'blockquote_open') continue;
      const mark = /^\[!([a-z]+)\][+-]?[ \t]*(.*)/i.exec(token.content.slice(0, MAX_LINE));
      if (mark === null) continue;
      const [all, kind, title] = mark;
      const rest = token.content.slice(all.length).replace(/^\n/, '');
      token.content = title === '' ? `${labelOf(kind!, '')} ${rest}` : `${labelOf(kind!, title!)}\\\n${rest}`;
    }
  });
}

/** ":::note Title" and ":::" are lines of their own; what is between them is read as ever. */
const fenced: BlockRule = (state, startLine, _endLine, silent) => {
  const line = lineAt(state, startLine);
  if (!line.startsWith(':::')) return false;
  const [, kind = '', title = ''] = /^:{3,}\s*\{?\.?([\p{L}\p{N}_-]*)\}?\s*(.*)$/u.exec(line) ?? [];
  if (silent) return true;
  pushLine(state, KINDS.has(kind.toLowerCase()) ? labelOf(kind, titleOf(title)) : titleOf(title));
  state.line = startLine + 1;
  return true;
};

/** '!!! note "Title"', '??? tip' and '=== "Tab"', whose text is indented. */
const indented: BlockRule = (state, startLine, endLine, silent) => {
  const mark = /^(?:!!!|\?\?\?\+?|===[!+]?)[ \t]+(.*)$/.exec(lineAt(state, startLine));
  if (mark === null) return false;
  const [, kind = '', title = ''] = /^([\p{L}_-]*)(.*)$/u.exec(mark[1]!) ?? [];
  if (kind === '' && !/^"/.test(title)) return false;
  if (silent) return true;
  pushLine(state, kind === '' ? titleOf(title) : labelOf(kind, titleOf(title)));
  let last = startLine + 1;
  const isBelow = (line: number) => state.isEmpty(line) || state.sCount[line]! >= state.blkIndent + 4;
  while (last < endLine && isBelow(last)) last += 1;
  const { blkIndent, lineMax } = state;
  state.push('admonition_open', 'div', 1);
  state.blkIndent += 4;
  state.lineMax = last;
  state.md.block.tokenize(state, startLine + 1, last);
  state.blkIndent = blkIndent;
  state.lineMax = lineMax;
  state.push('admonition_close', 'div', -1);
  state.line = last;
  return true;
};

function lineAt(state: StateBlock, line: number): string {
  if (state.sCount[line]! - state.blkIndent >= 4) return '';
  const start = state.bMarks[line]! + state.tShift[line]!;
  return state.src.slice(start, Math.min(state.eMarks[line]!, start + MAX_LINE)).trim();
}

function pushLine(state: StateBlock, text: string): void {
  if (text === '') return;
  state.push('paragraph_open', 'p', 1);
  const token = state.push('inline', '', 0);
  token.content = text;
  token.children = [];
  state.push('paragraph_close', 'p', -1);
}

/** "note" and a title: "Note: Title". */
function labelOf(kind: string, title: string): string {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1).toLowerCase();
  return title === '' ? `${name}:` : `${name}: ${title}`;
}

/** The title in '"Title"', '[Title]', '{title="Title"}' or as it is; other attributes are none. */
function titleOf(text: string): string {
  const trimmed = text.trim();
  const quoted = /^"(.*)"$|^\[([^\]]*)\]|^\{[^}]*title="([^"]*)"/.exec(trimmed);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? quoted[3] ?? '';
  return trimmed.startsWith('{') ? '' : trimmed;
}
