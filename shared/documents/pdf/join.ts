/** Puts pages together: lists, sentences and tables that go on. */
import type { Block, TableBlock, TextBlock } from '../types.ts';
import type { Hyphens } from './hyphens.ts';

const LIST_ITEM = /^\s*(?:-|\p{L}[.)]|[(\p{N}][\p{N}.]*[.)]) /u;
const OPEN_END = /[\p{L}\p{N},;:–—\-\u00ad(&/]$/u;
/** An item of a list of which more must come. */
const OPEN_ITEM = /(?:,| (?:the|a|an|of|to|and|or|for|with|as|in|is|by|from|this|that|be|will))$/;
/** A shorter line is a label rather than the start of a sentence. */
const MIN_PROSE = 40;
const CJK = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;

/** Joins blocks in reading order; what is joined keeps the page where it starts, and knows where it ends. */
export function joinBlocks(blocks: readonly Block[], hyphens: Hyphens): Block[] {
  const joined: Block[] = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    const together = last && joinTwo(last, block, hyphens);
    if (together) joined[joined.length - 1] = together;
    else joined.push(block);
  }
  return joined;
}

function joinTwo(above: Block, below: Block, hyphens: Hyphens): Block | undefined {
  if (above.kind === 'table' && below.kind === 'table') return joinTables(above, below);
  if (above.kind !== 'text' || below.kind !== 'text') return undefined;
  const text = joinTexts(above, below, hyphens);
  return text === undefined ? undefined : { ...above, text, ...rangeOf(above, below) };
}

function joinTexts(above: TextBlock, below: TextBlock, hyphens: Hyphens): string | undefined {
  const [isList, goesOn] = [LIST_ITEM.test(above.text), LIST_ITEM.test(below.text)];
  if (isList && goesOn) return `${above.text}\n${below.text}`;
  if (goesOn) return undefined;
  const goesOnBelow = isList && OPEN_ITEM.test(above.text) && lastPage(above) === below.page;
  if (goesOnBelow) return hyphens.join(above.text, below.text);
  const lowercase = OPEN_END.test(above.text) && /^[\p{Ll}(]/u.test(below.text);
  if (isList) return lowercase ? hyphens.join(above.text, below.text) : undefined;
  const isProse = above.text.length >= MIN_PROSE;
  if (lowercase && (isProse || lastPage(above) !== below.page)) return hyphens.join(above.text, below.text);
  if (lastPage(above) === below.page) return undefined;
  const spaceless = CJK.test(above.text.at(-1)!) && CJK.test(below.text.at(0)!);
  return spaceless ? above.text + below.text : undefined;
}

/** A table that goes on on the next page, with or without its header again. */
function joinTables(above: TableBlock, below: TableBlock): TableBlock | undefined {
  if (lastPage(above) === below.page) return undefined;
  const width = (table: TableBlock) => Math.max(...table.rows.map((row) => row.length));
  if (width(above) !== width(below)) return undefined;
  const same = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
    a !== undefined && b !== undefined && a.join('\n') === b.join('\n');
  const [first, ...rest] = below.rows;
  if (same(above.header, below.header))
    return { ...above, rows: [...above.rows, ...below.rows], ...rangeOf(above, below) };
  if (below.header !== undefined) return undefined;
  const rows = same(above.header, first) || same(above.rows[0], first) ? rest : below.rows;
  return { ...above, rows: [...above.rows, ...rows], ...rangeOf(above, below) };
}

const lastPage = ({ page, pageEnd }: Block) => pageEnd ?? page;

function rangeOf(above: Block, below: Block) {
  const end = lastPage(below);
  return { page: above.page, pageEnd: end === above.page ? undefined : end };
}
