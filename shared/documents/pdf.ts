/** PDF: the text that a file holds, page by page. Pictures of text are not read. */
import { getDocumentProxy } from 'unpdf';
import { BlockragError } from '../errors.ts';
import { layoutBlocks, type PdfLine } from './pdf-layout.ts';
import type { Content } from './types.ts';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf['getPage']>>;

/**
 * Reads a PDF. A scan has no blocks.
 *
 * @throws BlockragError `document_encrypted` when it needs a password, `document_corrupt`
 */
export async function parsePdf(bytes: Uint8Array, name: string): Promise<Content> {
  const pdf = await open(bytes, name);
  try {
    if (pdf.numPages === 0) {
      throw new BlockragError('document_corrupt', `${name} is damaged: it has no pages.`);
    }
    const lines: PdfLine[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      for (const line of await pageLines(page)) lines.push(line);
      page.cleanup();
    }
    return { title: await statedTitle(pdf), blocks: layoutBlocks(lines) };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array, name: string): Promise<Pdf> {
  try {
    // A copy, and no Buffer: PDF.js takes the bytes away from the caller.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (cause) {
    if ((cause as Error).name === 'PasswordException') {
      const message = `${name} is protected by a password: save it without one and upload it again.`;
      throw new BlockragError('document_encrypted', message, { cause });
    }
    throw new BlockragError('document_corrupt', `${name} is damaged: it is not a readable PDF.`, { cause });
  }
}

async function pageLines(page: Page): Promise<PdfLine[]> {
  const lines: PdfLine[] = [];
  let line: PdfLine | undefined;
  const end = () => {
    if (line !== undefined) lines.push({ ...line, text: line.text.trim() });
    line = undefined;
  };
  for (const item of (await page.getTextContent()).items) {
    if (!('str' in item)) continue;
    if (line !== undefined) line.text += item.str;
    else if (item.str.trim() !== '') {
      const [, , c, d, , y] = item.transform as number[];
      line = { text: item.str, page: page.pageNumber, y: y!, size: Math.hypot(c!, d!) };
    }
    if (item.hasEOL) end();
  }
  end();
  return lines;
}

/** The title in the file's metadata, unless a program put a file name or a filler there. */
async function statedTitle(pdf: Pdf): Promise<string | undefined> {
  const { Title: title } = (await pdf.getMetadata()).info as { Title?: unknown };
  if (typeof title !== 'string') return undefined;
  const isFiller = /^\(?(?:untitled|anonymous|unspecified)\)?$|^Microsoft \w+ - |\.\w{2,5}$/i.test(
    title.trim(),
  );
  return isFiller ? undefined : title;
}
