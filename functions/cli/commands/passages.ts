/** blockrag passages: what would be stored of a file, without storing anything. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { viewPassage } from '../../../shared/api/views/passage.ts';
import { ocrOptions } from '../../../shared/config.ts';
import { DocumentReader } from '../../../shared/documents/index.ts';
import { DEFAULT_MAX_TOKENS } from '../../../shared/documents/passages/split.ts';
import { BlockragError } from '../../../shared/errors.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { preparedModel } from '../prepared-model.ts';
import { counted, ProgressLine, plain, print, printJson } from '../terminal.ts';

export async function showPassages(
  file: string,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const config = toConfig(options);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new BlockragError('document_not_found', `${file} cannot be read.`, { cause });
  });
  const { tokenizerFile } = await preparedModel(config, { quiet: json, signal });
  const reader = new DocumentReader({
    tokenizerFile,
    maxTokens: config.passageTokens ?? DEFAULT_MAX_TOKENS,
    maxBytes: config.maxDocumentBytes,
    ocr: ocrOptions(config),
  });
  try {
    const progress = new ProgressLine({ quiet: json });
    const document = await reader
      .read(bytes, { name: basename(file) }, signal, ({ page, pages }) =>
        progress.update('recognising pages', page, pages),
      )
      .finally(() => progress.end());
    const passages = document.passages.map((passage, index) => {
      const { passage: _, stored_bytes: __, ...view } = viewPassage({ ...passage, index });
      return view;
    });
    if (json) {
      printJson({ title: document.title, metadata: document.metadata, passages });
      return 0;
    }
    print(`${plain(document.title)}: ${counted(passages.length, 'passage')}`);
    for (const { title, text, page, page_end, tokens } of passages) {
      const pages = page === page_end ? `page ${page}` : `pages ${page}-${page_end}`;
      print(`\n--- ${plain(title)} (${page === null ? '' : `${pages}, `}${counted(tokens, 'token')})`);
      for (const line of text.split('\n')) print(plain(line));
    }
  } finally {
    await reader.dispose();
  }
  return 0;
}
