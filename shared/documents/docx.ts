/** DOCX: converted to HTML by mammoth, without images. */
import mammoth from 'mammoth';
import { parseFragment } from './html.ts';
import type { Content } from './types.ts';
import { checkZip } from './zip.ts';

/** The title is the only level 1 heading; Word's headings come below it. */
const STYLES = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Heading 1'] => h2:fresh",
  "p[style-name='Heading 2'] => h3:fresh",
  "p[style-name='Heading 3'] => h4:fresh",
  "p[style-name='Heading 4'] => h5:fresh",
  "p[style-name='Heading 5'] => h6:fresh",
];

/** Reads a Word document: text, headings, lists, tables, footnotes. @throws as `checkZip` does */
export async function parseDocx(bytes: Uint8Array, name: string): Promise<Content> {
  await checkZip(bytes, name);
  const { value } = await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) },
    {
      styleMap: STYLES,
      includeEmbeddedStyleMap: false,
      externalFileAccess: false,
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
    },
  );
  return { blocks: parseFragment(value) };
}
