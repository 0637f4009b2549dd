/** What a text says of its own charset: a byte order mark, an HTML or XML head, an editor's coding line. */
import { knownCharset } from './charset.ts';

/** Where declarations are looked for. */
const HEAD_BYTES = 8192;
/** A coding line is one of the first, as Python, Emacs and Vim have it. */
const CODING_LINES = 5;
const MAX_LINE = 400;

/** The charset that a byte order mark announces. */
export function markedCharset(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 && bytes.length % 4 === 0 ? 'utf-32le' : 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return a === 0 && b === 0 && c === 0xfe && d === 0xff ? 'utf-32be' : undefined;
}

/** The `charset` of a media type, "text/plain; charset=windows-1252". */
export function charsetOfMediaType(mediaType: string | undefined): string | undefined {
  return named(valueAfter(mediaType ?? '', 'charset'));
}

/** The charset that the head of a file declares, in whatever way its format does that. */
export function declaredCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString(
    'latin1',
  );
  const trimmed = head.trimStart();
  if (trimmed.startsWith('<?xml')) {
    const declaration = trimmed.slice(0, Math.max(0, trimmed.indexOf('?>')));
    const encoding = named(valueAfter(declaration, 'encoding'));
    if (encoding !== undefined) return encoding;
  }
  return (trimmed.startsWith('<') ? metaCharset(head) : undefined) ?? codingLine(head);
}

/** As the prescan of HTML: comments do not count, and a page that says UTF-16 in ASCII is UTF-8. */
function metaCharset(head: string): string | undefined {
  for (let at = head.indexOf('<'); at >= 0; at = head.indexOf('<', at + 1)) {
    if (head.startsWith('<!--', at)) {
      const end = head.indexOf('-->', at + 2);
      if (end < 0) return undefined;
      at = end;
      continue;
    }
    if (!/^<meta[\s/]/i.test(head.slice(at, at + 6))) continue;
    const end = head.indexOf('>', at);
    if (end < 0) return undefined;
    const charset = named(valueAfter(head.slice(at, end), 'charset'));
    if (charset !== undefined) return charset.startsWith('utf-16') ? 'utf-8' : charset;
  }
  return undefined;
}

/** "# -*- coding: latin-1 -*-", "vim: set fileencoding=cp1252:", "\usepackage[latin1]{inputenc}", a catalog's charset. */
function codingLine(head: string): string | undefined {
  const lines = head.split(/\r\n?|\n/, 200).map((line) => line.slice(0, MAX_LINE));
  for (const line of lines.slice(0, CODING_LINES)) {
    if (!/^\s*(?:#|\/\/|\/\*|\*|"|;|--|%|<!--|\.\.)/.test(line)) continue;
    const coding = /coding[:=]\s*([-\w.]+)/.exec(line)?.[1]?.replace(/-(?:unix|dos|mac)$/i, '');
    if (coding !== undefined) return named(coding);
  }
  for (const line of lines) {
    const input = /\\usepackage\[([\w-]+)\]\{inputenc\}/.exec(line)?.[1];
    if (input !== undefined) return named(input);
    if (/^"?Content-Type:/i.test(line)) return named(valueAfter(line, 'charset'));
  }
  return undefined;
}

/** What follows a key and "=", without quotes. */
function valueAfter(text: string, key: string): string {
  const lower = text.toLowerCase();
  for (let at = lower.indexOf(key); at >= 0; at = lower.indexOf(key, at + 1)) {
    const rest = text.slice(at + key.length, at + key.length + 100).trimStart();
    if (!rest.startsWith('=')) continue;
    return /^["'\s]{0,8}([^\s"';,>\\]*)/.exec(rest.slice(1))?.[1] ?? '';
  }
  return '';
}

function named(label: string): string | undefined {
  return label === '' ? undefined : knownCharset(label);
}
