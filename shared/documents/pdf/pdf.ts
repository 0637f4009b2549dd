/** PDF: what the pages show, in reading order, with the values of forms and the notes on them. */
import type { ParsedPage, ParseResult } from '@llamaindex/liteparse';
import { BlockragError } from '../../errors.ts';
import type { Block, Content, OcrOptions, ReadProgress } from '../types.ts';
import { pageBlocks } from './blocks.ts';
import { hasAdditions, withAdditions } from './forms.ts';
import { Furniture } from './furniture.ts';
import { Hyphens } from './hyphens.ts';
import { type Info, readInfo } from './info.ts';
import { joinBlocks } from './join.ts';
import { libraryError, openParser } from './library.ts';
import { bodySize } from './lines.ts';
import { recognise } from './ocr.ts';
import { honest, pdfTitle } from './title.ts';
import { xfaBlocks } from './xfa.ts';

/** Pages in memory at once: with fewer, running headers and sizes of headings are told from too few. */
const BATCH = 200;

export interface PdfOptions {
  ocr?: OcrOptions | undefined;
  onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/**
 * Reads a PDF. A scan has no blocks, unless its text is recognised.
 *
 * @throws BlockragError `document_encrypted` when it needs a password, `document_corrupt`, `document_parser_missing`
 */
export async function parsePdf(bytes: Uint8Array, name: string, options: PdfOptions = {}): Promise<Content> {
  const reading = new Reading(bytes);
  try {
    await reading.readText();
    if (options.ocr !== undefined) await reading.recognise(options.ocr, options.onProgress ?? (() => {}));
  } catch (error) {
    throw libraryError(error, name);
  }
  if (reading.total === 0) {
    throw new BlockragError('document_corrupt', `${name} is damaged: it has no pages.`);
  }
  return reading.content();
}

class Reading {
  total = 0;
  #bytes: Uint8Array;
  #furniture = new Furniture();
  #hyphens = new Hyphens();
  /** By page, 1-based. */
  #blocks: Block[][] = [];
  #info: Info = {};
  #form: Block[] = [];
  #hasFields = false;
  #recognised = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async readText(): Promise<void> {
    const parser = await openParser();
    for await (const { result, totalPages } of parser.parseBatches(this.#bytes, { batchSize: BATCH })) {
      if (this.total === 0) this.#readDocument(result);
      this.total = totalPages;
      await this.#readPages(result.pages);
    }
  }

  async recognise(ocr: OcrOptions, onProgress: (progress: ReadProgress) => void): Promise<void> {
    const numbers = Array.from({ length: this.total }, (_, i) => i + 1);
    const empty = numbers.filter((number) => (this.#blocks[number] ?? []).length === 0);
    if (this.#form.length > 0 || empty.length === 0) return;
    for await (const page of recognise(this.#bytes, empty, ocr, onProgress)) {
      this.#hyphens.learn([page]);
      const blocks = pageBlocks(page, [], bodySize([page]));
      this.#blocks[page.pageNum] = blocks;
      if (blocks.length > 0) this.#recognised++;
    }
  }

  content(): Content {
    const { title } = this.#info;
    const author = honest(this.#info.author);
    const isPlaceholder = this.#form.length > 0 && !this.#hasFields && this.total === 1;
    const found = isPlaceholder ? [] : this.#blocks.flat();
    if (!this.#hasFields) found.push(...this.#form);
    const restored = found.map((block) => restore(block, this.#hyphens));
    return {
      title: pdfTitle(title, restored),
      // They alone are no document.
      metadata: author === undefined || restored.length === 0 ? {} : { author },
      blocks: joinBlocks(restored, this.#hyphens),
      pages: { total: this.total, recognised: this.#recognised },
    };
  }

  #readDocument({ docMeta, xfaPackets = [] }: ParseResult): void {
    this.#info = readInfo(this.#bytes, docMeta?.xmp, docMeta?.isEncrypted ?? false);
    this.#form = xfaBlocks(xfaPackets.map(({ content }) => content)).map((block) => ({ ...block, page: 1 }));
  }

  async #readPages(pages: readonly ParsedPage[]): Promise<void> {
    this.#furniture.learn(pages);
    this.#hyphens.learn(pages);
    const size = bodySize(pages);
    const withMore = pages.filter(hasAdditions);
    this.#hasFields ||= pages.some(({ formFields = [] }) => formFields.length > 0);
    const laidOut = await this.#layOutAgain(withMore.map(({ pageNum }) => pageNum));
    for (const original of pages) {
      const page = laidOut.get(original.pageNum) ?? original;
      this.#blocks[page.pageNum] = pageBlocks(page, this.#furniture.itemsOf(page, size), size);
    }
  }

  async #layOutAgain(numbers: readonly number[]): Promise<Map<number, ParsedPage>> {
    if (numbers.length === 0) return new Map();
    const parser = await openParser({ extractVectorGraphics: true, targetPages: numbers.join(',') });
    const { pages } = await parser.parse(this.#bytes);
    return new Map(pages.map((page) => [page.pageNum, withAdditions(parser, page)]));
  }
}

function restore(block: Block, hyphens: Hyphens): Block {
  if (block.kind === 'code' || block.kind === 'table') return block;
  return { ...block, text: hyphens.restore(block.text, block.page) };
}
