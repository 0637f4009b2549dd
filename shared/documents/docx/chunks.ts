/** Documents within a Word file (`w:altChunk`), as programs put them there that make reports from HTML or from parts. */
import { decodeText } from '../charsets/decode.ts';
import { parseEmail } from '../email.ts';
import { parseHtml } from '../html/html.ts';
import type { OfficePackage } from '../office/package.ts';
import { parseText } from '../text.ts';
import type { Block } from '../types.ts';

/** Blocks of each chunk by the name of its part. @param readDocx reads one that is a Word file itself */
export async function readChunks(
  parts: OfficePackage,
  readDocx: (bytes: Uint8Array) => Promise<Block[]>,
): Promise<Map<string, Block[]>> {
  const chunks = new Map<string, Block[]>();
  for (const part of new Set(parts.partsOfType(parts.main, 'aFChunk'))) {
    const bytes = parts.bytes(part);
    if (bytes !== undefined) chunks.set(part, await readChunk(bytes, part, readDocx));
  }
  return chunks;
}

async function readChunk(
  bytes: Uint8Array,
  part: string,
  readDocx: (bytes: Uint8Array) => Promise<Block[]>,
): Promise<Block[]> {
  const head = Buffer.from(bytes.subarray(0, 1000)).toString('latin1').trimStart();
  if (head.startsWith('PK')) return readDocx(bytes);
  if (/^MIME-Version:|^Content-Type:\s*multipart/im.test(head)) return (await parseEmail(bytes)).blocks;
  const text = decodeText(bytes, part);
  if (/<(?:!doctype|html|body|p|div|table|h[1-6]|span|ul|ol)\b/i.test(text.slice(0, 10_000)))
    return parseHtml(text).blocks;
  return head.startsWith('{\\rtf') ? [] : parseText(text).blocks;
}
