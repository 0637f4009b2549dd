/** What Markdown says to programs only: ids and classes in braces, the imports of MDX. Definitions stand on lines. */
import type { MarkdownIt, StateBlock } from 'markdown-it';

/** Attributes are short. */
const MAX_ATTRIBUTES = 300;
const AT_END = /[ \t]*\{(?:[#.:]|\/\*)[^{}]*\}[ \t]*$/;
const ALONE = /^\{:[^{}]*\}$/;
const IMPORT = /^import\s+(?:[\w*{][^'"]*\sfrom\s+)?(['"])[^'"]+\1;?$/;

export function attributes(md: MarkdownIt): void {
  const alt = ['paragraph', 'reference', 'blockquote', 'list'];
  md.block.ruler.before('paragraph', 'programs_lines', programsLine, { alt });
  md.core.ruler.after('block', 'attributes', (state) => {
    for (const [i, token] of state.tokens.entries()) {
      if (token.type !== 'inline') continue;
      const above = state.tokens[i - 1]?.type;
      if (above === 'heading_open') token.content = withoutAttributes(token.content);
      else if (above === 'paragraph_open' && token.content.includes('\n:'))
        token.content = token.content.replace(/\n:(?=[ \t])/g, '\\\n:');
    }
  });
}

/** "Berths {#berths .wide}" is "Berths". */
function withoutAttributes(heading: string): string {
  const start = Math.max(0, heading.length - MAX_ATTRIBUTES);
  return heading.slice(0, start) + heading.slice(start).replace(AT_END, '');
}

/** "{: .note }" of kramdown, and "import Tabs from '@theme/Tabs'" of MDX. */
function programsLine(state: StateBlock, startLine: number, _endLine: number, silent: boolean): boolean {
  if (state.sCount[startLine]! - state.blkIndent >= 4) return false;
  const start = state.bMarks[startLine]! + state.tShift[startLine]!;
  const line = state.src.slice(start, Math.min(state.eMarks[startLine]!, start + MAX_ATTRIBUTES)).trim();
  // Within a paragraph, "import" is a word.
  if (!ALONE.test(line) && (silent || !IMPORT.test(line))) return false;
  if (!silent) state.line = startLine + 1;
  return true;
}
