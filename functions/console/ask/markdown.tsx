/**
 * Markdown of answers as elements. Text stays text: no HTML is ever read, links go to http(s) only, and images are not
 * loaded.
 */
import type { ComponentChildren } from 'preact';
import { inline } from './markdown-inline.tsx';

export interface MarkdownProps {
  text: string;
  /** Opens the source of a mark such as [2]; undefined: there is none of that number. */
  cite: (n: number) => (() => void) | undefined;
}

/** Levels of quotes and lists; what is deeper is text. */
const MAX_DEPTH = 6;
const FENCE = /^ {0,3}(```|~~~)/;
const HEADING = /^ {0,3}(#{1,6}) +(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)]) +(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const DELIMITERS = /^ *\|?[ :|-]*-[ :|-]*$/;

export function Markdown({ text, cite }: MarkdownProps) {
  return <div class="markdown">{blocks(text.split(/\r?\n/), cite, 0)}</div>;
}

function blocks(lines: readonly string[], cite: MarkdownProps['cite'], depth: number): ComponentChildren[] {
  const found: ComponentChildren[] = [];
  for (let at = 0; at < lines.length; ) {
    const block = blockAt(lines, at, cite, depth);
    found.push(block.element);
    at = block.next;
  }
  return found;
}

interface Block {
  element: ComponentChildren;
  /** Index of the line after it. */
  next: number;
}

function blockAt(lines: readonly string[], at: number, cite: MarkdownProps['cite'], depth: number): Block {
  const line = lines[at]!;
  if (line.trim() === '') return { element: null, next: at + 1 };
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) {
    const end = lines.findIndex((other, i) => i > at && other.trim().startsWith(fence));
    const next = end === -1 ? lines.length : end;
    const code = lines.slice(at + 1, next).join('\n');
    return {
      element: (
        <pre tabIndex={0}>
          <code>{code}</code>
        </pre>
      ),
      next: next + 1,
    };
  }
  const [, marks, heading] = HEADING.exec(line) ?? [];
  if (marks !== undefined) {
    // Below the question, which is a heading itself.
    return { element: <p class={`heading level-${marks.length}`}>{inline(heading!, cite)}</p>, next: at + 1 };
  }
  if (RULE.test(line)) return { element: <hr />, next: at + 1 };
  if (depth < MAX_DEPTH && QUOTE.test(line)) {
    const next = endOf(lines, at, (other) => QUOTE.test(other));
    const inside = lines.slice(at, next).map((quoted) => QUOTE.exec(quoted)![1]!);
    return { element: <blockquote>{blocks(inside, cite, depth + 1)}</blockquote>, next };
  }
  if (depth < MAX_DEPTH && ITEM.test(line)) return listAt(lines, at, cite, depth);
  if (line.includes('|') && DELIMITERS.test(lines[at + 1] ?? '')) return tableAt(lines, at, cite);
  const next = endOf(lines, at, (other) => other.trim() !== '' && !startsBlock(other));
  return { element: <p>{inline(lines.slice(at, next).join('\n'), cite)}</p>, next };
}

/** Index of the first line after a block whose further lines belong to it. */
function endOf(lines: readonly string[], at: number, belongs: (line: string) => boolean): number {
  const end = lines.findIndex((line, i) => i > at && !belongs(line));
  return end === -1 ? lines.length : end;
}

const startsBlock = (line: string) => [FENCE, HEADING, RULE, ITEM, QUOTE].some((form) => form.test(line));

function listAt(lines: readonly string[], at: number, cite: MarkdownProps['cite'], depth: number): Block {
  const [, indent, mark] = ITEM.exec(lines[at]!)!;
  const ordered = /\d/.test(mark!);
  const items: string[][] = [];
  let next = at;
  for (; next < lines.length; next++) {
    const line = lines[next]!;
    const [, inner, sign, text] = ITEM.exec(line) ?? [];
    const here = inner !== undefined && inner.length <= indent!.length + 1;
    if (here && /\d/.test(sign!) !== ordered) break;
    if (here) items.push([text!]);
    else if (inner !== undefined || /^ {2,}\S/.test(line)) items.at(-1)!.push(line.slice(indent!.length + 2));
    else if (line.trim() !== '' || !continues(lines[next + 1], indent!.length)) break;
  }
  const elements = items.map((inside) => (
    <li>{inside.length === 1 ? inline(inside[0]!, cite) : blocks(inside, cite, depth + 1)}</li>
  ));
  const first = Number.parseInt(mark!, 10);
  return { element: ordered ? <ol start={first}>{elements}</ol> : <ul>{elements}</ul>, next };
}

/** Whether a line after an empty one belongs to the list. */
function continues(line: string | undefined, indent: number): boolean {
  const item = ITEM.exec(line ?? '');
  return item !== null && item[1]!.length >= indent;
}

function tableAt(lines: readonly string[], at: number, cite: MarkdownProps['cite']): Block {
  const next = endOf(lines, at + 1, (line) => line.includes('|'));
  const cells = (line: string) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|');
  const rows = lines.slice(at + 2, next).map((line) => (
    <tr>
      {cells(line).map((cell) => (
        <td>{inline(cell.trim(), cite)}</td>
      ))}
    </tr>
  ));
  const head = cells(lines[at]!).map((cell) => <th scope="col">{inline(cell.trim(), cite)}</th>);
  const element = (
    <div class="scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
  return { element, next };
}
