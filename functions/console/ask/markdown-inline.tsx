/** Marks inside a line of Markdown, read from left to right in one pass for each level. */
import type { ComponentChildren } from 'preact';

type Cite = (n: number) => (() => void) | undefined;

/** Marks within marks; what is deeper is text. */
const MAX_DEPTH = 4;
const PAIRS = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 's'],
  ['*', 'em'],
  ['_', 'em'],
] as const;
const URL_END = /[\s<>"')\]]|$/;
const WORD = /[\p{L}\p{N}]/u;

export function inline(text: string, cite: Cite, depth = 0): ComponentChildren[] {
  const found: ComponentChildren[] = [];
  let plain = '';
  const add = (element: ComponentChildren) => {
    if (plain !== '') found.push(plain);
    plain = '';
    found.push(element);
  };
  for (let at = 0; at < text.length; ) {
    const mark = markAt(text, at, cite, depth);
    if (mark === undefined) plain += text[at++];
    else {
      add(mark.element);
      at = mark.next;
    }
  }
  if (plain !== '') found.push(plain);
  return found;
}

interface Mark {
  element: ComponentChildren;
  next: number;
}

function markAt(text: string, at: number, cite: Cite, depth: number): Mark | undefined {
  const sign = text[at]!;
  if (sign === '`') return codeAt(text, at);
  if (sign === '[') return bracketAt(text, at, cite, depth);
  if (sign === 'h' && /^https?:\/\//.test(text.slice(at, at + 8))) return urlAt(text, at);
  if (depth >= MAX_DEPTH || !'*_~'.includes(sign)) return undefined;
  for (const [pair, tag] of PAIRS) {
    if (!text.startsWith(pair, at)) continue;
    // Within a word "_" is a part of it.
    if (sign === '_' && WORD.test(text[at - 1] ?? '')) continue;
    const from = at + pair.length;
    const end = text.indexOf(pair, from);
    if (end <= from || /\s/.test(text[from]!) || /\s/.test(text[end - 1]!)) continue;
    const Tag = tag;
    return {
      element: <Tag>{inline(text.slice(from, end), cite, depth + 1)}</Tag>,
      next: end + pair.length,
    };
  }
  return undefined;
}

function codeAt(text: string, at: number): Mark | undefined {
  const end = text.indexOf('`', at + 1);
  if (end === -1) return undefined;
  return { element: <code>{text.slice(at + 1, end)}</code>, next: end + 1 };
}

/** A mark of a source, [2], or a link, [text](https://...). */
function bracketAt(text: string, at: number, cite: Cite, depth: number): Mark | undefined {
  const end = text.indexOf(']', at);
  if (end === -1) return undefined;
  const label = text.slice(at + 1, end);
  if (/^\d{1,3}$/.test(label)) {
    const open = cite(Number(label));
    if (open === undefined) return undefined;
    const element = (
      <button type="button" class="cite" onClick={open}>
        {label}
      </button>
    );
    return { element, next: end + 1 };
  }
  if (text[end + 1] !== '(') return undefined;
  const close = text.indexOf(')', end);
  const url = close === -1 ? '' : text.slice(end + 2, close);
  if (!isWeb(url) || depth >= MAX_DEPTH) return undefined;
  return {
    element: link(
      url,
      inline(label, () => undefined, MAX_DEPTH),
    ),
    next: close + 1,
  };
}

function urlAt(text: string, at: number): Mark | undefined {
  const rest = text.slice(at);
  const url = rest.slice(0, rest.search(URL_END)).replace(/[.,;:!?]$/, '');
  if (!isWeb(url)) return undefined;
  return { element: link(url, url), next: at + url.length };
}

function isWeb(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function link(url: string, label: ComponentChildren): ComponentChildren {
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {label}
    </a>
  );
}
