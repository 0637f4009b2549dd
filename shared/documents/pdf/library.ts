/** The library that reads PDF: its options, and its errors as ours. */
import type { LiteParse, LiteParseConfig } from '@llamaindex/liteparse';
import { BlockragError } from '../../errors.ts';

export type Parser = LiteParse;

const OPTIONS: Partial<LiteParseConfig> = {
  outputFormat: 'markdown',
  imageMode: 'off',
  extractBlocks: true,
  extractFormFields: true,
  extractAnnotations: true,
  extractXfaPackets: true,
  extractDocumentMetadata: true,
  // Its own detection takes rows of tables along.
  keepHeadersFooters: true,
  ocrEnabled: false,
  maxPages: 1_000_000,
  continueOnPageError: true,
  quiet: true,
};

/** @throws BlockragError `document_parser_missing` where there is no native library for this platform */
export async function openParser(options: Partial<LiteParseConfig> = {}): Promise<Parser> {
  // A native library: loaded in the process that reads documents only, and only for a PDF.
  const library = await import('@llamaindex/liteparse').catch((cause: unknown) => {
    const platform = `${process.platform}-${process.arch}`;
    const message = `PDF cannot be read here: @llamaindex/liteparse has no library for ${platform}, or it is not installed.`;
    throw new BlockragError('document_parser_missing', message, { cause });
  });
  return new library.LiteParse({ ...OPTIONS, ...options });
}

/** What the library throws at a file. */
export function libraryError(cause: unknown, name: string): BlockragError {
  if (cause instanceof BlockragError) return cause;
  if (/password|encrypt|security handler/i.test(String(cause))) {
    const message = `${name} is protected by a password: save it without one and upload it again.`;
    return new BlockragError('document_encrypted', message, { cause });
  }
  return new BlockragError('document_corrupt', `${name} is damaged: it is not a readable PDF.`, { cause });
}
