/** DOCX: Word documents, read part by part as Word shows them. */
import { readProperties } from '../office/properties.ts';
import { child, elements } from '../office/xml.ts';
import type { Block, Content } from '../types.ts';
import { readChunks } from './chunks.ts';
import { DocxFile } from './file.ts';
import { headerLines } from './headers.ts';
import { readStory, TITLE_LEVEL } from './story.ts';

/** Word files within Word files. */
const MAX_DEPTH = 2;

/**
 * Reads a Word document: text with its automatic numbers, tables, notes, headers and footers, text boxes, equations;
 * tracked changes as accepted, hidden and struck text left out.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function parseDocx(bytes: Uint8Array, name: string): Promise<Content> {
  return readDocx(bytes, name, 0);
}

async function readDocx(bytes: Uint8Array, name: string, depth: number): Promise<Content> {
  const file = await DocxFile.open(bytes, name);
  const { package: parts } = file;
  const body = child(file.root, 'w:body') ?? elements(file.root)[0];
  const inner = async (chunk: Uint8Array) =>
    depth < MAX_DEPTH ? (await readDocx(chunk, name, depth + 1)).blocks : [];
  const chunks = await readChunks(parts, inner);
  const part = { file, links: parts.relationships(parts.main), isHeader: false, chunks };
  const blocks = body === undefined ? [] : readStory(body, part);
  const lines = headerLines(file);
  if (lines.length > 0) blocks.unshift({ kind: 'text', text: lines.join('\n') });
  const { title, metadata } = readProperties(parts);
  return { title: titleOf(blocks) ?? title, metadata, blocks: withTitleAbove(blocks) };
}

/** The only text in Word's style Title, or the only heading of level 1. */
function titleOf(blocks: readonly Block[]): string | undefined {
  for (const level of [TITLE_LEVEL, 1]) {
    const found = blocks.filter((block) => block.kind === 'heading' && block.level === level);
    if (found.length === 1 && found[0]!.kind === 'heading') return found[0]!.text;
    if (found.length > 1) return undefined;
  }
  return undefined;
}

/** Where there is a title, headings come below it. */
function withTitleAbove(blocks: readonly Block[]): Block[] {
  const isTitle = (block: Block) => block.kind === 'heading' && block.level === TITLE_LEVEL;
  if (!blocks.some(isTitle)) return [...blocks];
  return blocks.map((block) => (block.kind === 'heading' ? { ...block, level: block.level + 1 } : block));
}
