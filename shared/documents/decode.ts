/** Decodes a text file strictly, so that a wrong encoding is an error and never stored as garbage. */
import { BlockragError } from '../errors.ts';

/**
 * Decodes UTF-8, or UTF-16 with a byte order mark; line ends become "\n".
 *
 * @throws BlockragError `document_not_text`, with `data.offset` at the first byte that is not UTF-8
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const utf16 = utf16Encoding(bytes);
  const text = utf16 === undefined ? decodeUtf8(bytes, name) : decodeUtf16(bytes, utf16, name);
  if (looksBinary(text)) {
    throw new BlockragError(
      'document_not_text',
      `${name} holds binary data, not text: upload a PDF, DOCX, HTML, Markdown or text file.`,
    );
  }
  return text.replace(/\r\n?/g, '\n');
}

/** The UTF-16 encoding that a byte order mark announces. */
export function utf16Encoding(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const offset = firstInvalidByte(bytes);
    throw new BlockragError(
      'document_not_text',
      `${name} is not UTF-8 text: the byte at offset ${offset} is invalid. Save the file as UTF-8.`,
      { cause, data: { offset } },
    );
  }
}

function decodeUtf16(bytes: Uint8Array, encoding: string, name: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BlockragError(
      'document_not_text',
      `${name} starts as UTF-16 text but is not valid UTF-16. Save the file as UTF-8.`,
      { cause },
    );
  }
}

/** Finds the first replacement character of a lenient decoding that the bytes do not hold themselves. */
function firstInvalidByte(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let offset = 0;
  let from = 0;
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', from)) {
    offset += Buffer.byteLength(text.slice(from, at));
    const genuine = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (!genuine) return offset;
    offset += 3;
    from = at + 1;
  }
  return bytes.length;
}

/** NUL never occurs in text; other control characters do (terminal colours), but seldom. */
function looksBinary(text: string): boolean {
  if (text.includes('\0')) return true;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is counted
  const controls = text.match(/[\x01-\x08\x0e-\x1f\x7f]/g)?.length ?? 0;
  return controls > text.length / 100;
}
