/** Bytes to text: in the charset that is declared, if the bytes are of it, else in the one that they look like. */
import { BlockragError } from '../../errors.ts';
import { decodeAs, knownCharset } from './charset.ts';
import { charsetOfMediaType, declaredCharset, markedCharset } from './declared-charset.ts';
import { detectCharset } from './detect-charset.ts';
import { terminalText } from './terminal-text.ts';

/** In UTF-8 with a few bytes that are not, so many bytes must be right for each that is wrong. */
const RIGHT_PER_WRONG = 8;
/** More control characters than one in so many are no text. */
const LETTERS_PER_CONTROL = 100;

/**
 * The text of a file, as a terminal would show it (no colours, overstrikes or passed progress); line ends are "\n".
 *
 * A byte order mark decides. A declaration (of the media type, then of the text itself) counts where the bytes are of
 * that charset and not UTF-8 by every sign. What declares nothing, or wrongly, is UTF-8, a few bad bytes aside, or what
 * it looks like, windows-1252 in doubt.
 *
 * @param mediaType may have a charset, as HTTP declares it
 * @throws BlockragError `document_not_text` for binary data
 */
export function decodeText(bytes: Uint8Array, name: string, mediaType?: string): string {
  const text = terminalText(decodeBytes(bytes, charsetOfMediaType(mediaType)) ?? '\0');
  if (looksBinary(text)) {
    throw new BlockragError(
      'document_not_text',
      `${name} holds binary data, not text: convert it to text or PDF.`,
    );
  }
  return text;
}

/** Whether the first bytes of a file are text in some charset. */
export function looksLikeText(head: Uint8Array): boolean {
  const text = decodeBytes(head, undefined);
  return text !== undefined && !looksBinary(terminalText(text));
}

/** The text as it is written; undefined when no charset fits. */
function decodeBytes(bytes: Uint8Array, declaredOutside: string | undefined): string | undefined {
  const marked = markedCharset(bytes);
  if (marked !== undefined) return withoutMark(decodeAs(bytes, marked) ?? lenient(bytes, marked));
  if (isIso2022Jp(bytes)) return decodeAs(bytes, 'iso-2022-jp');
  const declared = declaredOutside ?? declaredCharset(bytes);
  const isWide = declared?.startsWith('utf-16') || declared?.startsWith('utf-32');
  const hasNul = bytes.includes(0);
  const utf8 = hasNul ? undefined : decodeAs(bytes, 'utf-8');
  if (utf8 !== undefined) return utf8;
  if (isWide) return withoutMark(decodeAs(bytes, declared!)) ?? decodeUndeclared(bytes);
  if (!hasNul) {
    const asDeclared = declared && declared !== 'utf-8' ? decodeAs(bytes, declared) : undefined;
    if (asDeclared !== undefined && !hasControls(asDeclared)) return asDeclared;
  }
  return decodeUndeclared(bytes);
}

function decodeUndeclared(bytes: Uint8Array): string | undefined {
  const { right, wrong } = utf8Signs(bytes);
  if (right >= wrong * RIGHT_PER_WRONG && right > 0) return lenient(bytes, 'utf-8');
  const detected = detectCharset(bytes);
  if (detected !== undefined) {
    // Two bytes of UTF-8 by chance are common in East Asian charsets, and nearly unknown in those of Europe.
    const isEuropean = /^(?:windows|iso-8859|macintosh|cp850)/.test(detected);
    if (isEuropean && right > wrong) return lenient(bytes, 'utf-8');
    return decodeAs(bytes, detected) ?? lenient(bytes, detected);
  }
  return bytes.includes(0) ? decodeAs(bytes, 'utf-8') : decodeAs(bytes, 'windows-1252');
}

/** A byte that is not of the charset becomes U+FFFD. */
function lenient(bytes: Uint8Array, charset: string): string {
  const known = knownCharset(charset)!;
  if (known.startsWith('utf-32')) return decodeAs(bytes.subarray(0, bytes.length & ~3), known) ?? '';
  return new TextDecoder(known).decode(bytes);
}

function withoutMark(text: string): string;
function withoutMark(text: string | undefined): string | undefined;
function withoutMark(text: string | undefined): string | undefined {
  return text?.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Bytes of whole UTF-8 sequences beyond ASCII, and bytes that belong to none; a cut at the end is neither. */
function utf8Signs(bytes: Uint8Array): { right: number; wrong: number } {
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const length =
      lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0;
    let end = at + 1;
    while (end < at + length && end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end++;
    if (length > 0 && end === at + length) right += length;
    else if (length === 0 || end < bytes.length) wrong++;
    at = end;
  }
  return { right, wrong };
}

/** Seven bits, with the escapes that switch to Japanese and back. */
function isIso2022Jp(bytes: Uint8Array): boolean {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!data.includes('\x1b$B') && !data.includes('\x1b$@')) return false;
  return bytes.every((byte) => byte < 0x80) && decodeAs(bytes, 'iso-2022-jp') !== undefined;
}

/** C1 controls are the signs of a single-byte charset that is not the right one. */
function hasControls(text: string): boolean {
  return /[\x80-\x84\x86-\x9f]/.test(text);
}

/** Control characters do occur in text, but seldom; NUL hardly ever. What is mostly not decoded is no text either. */
function looksBinary(text: string): boolean {
  let controls = 0;
  let unknown = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is counted
  for (const [found] of text.matchAll(/[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]/g)) {
    if (found === '\ufffd') unknown++;
    else controls += found === '\0' ? 10 : 1;
  }
  return controls > text.length / LETTERS_PER_CONTROL || unknown > text.length / 4;
}
