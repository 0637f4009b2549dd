/** Recognises the text of pages that are pictures, with language data that npm has installed: nothing is downloaded. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ParsedPage } from '@llamaindex/liteparse';
import { BlockragError } from '../../errors.ts';
import type { OcrOptions, ReadProgress } from '../types.ts';
import { openParser } from './library.ts';

/** The smaller of the data sets, as exact as the other one with less than a third of the bytes. */
const DATA_SET = '4.0.0_best_int';
/** Pages that are recognised at once take some 100 MB each. */
const MAX_WORKERS = 4;
const DPI = 200;

/**
 * Recognises pages, a few at a time.
 * @throws BlockragError `document_parser_missing` naming the package of a language that is not installed
 */
export async function* recognise(
  bytes: Uint8Array,
  pageNumbers: readonly number[],
  { languages, directory }: OcrOptions,
  onProgress: (progress: ReadProgress) => void,
): AsyncGenerator<ParsedPage> {
  const workers = Math.min(MAX_WORKERS, availableParallelism());
  for (const language of languages) await installLanguage(language, directory);
  for (let at = 0; at < pageNumbers.length; at += workers) {
    const group = pageNumbers.slice(at, at + workers);
    const parser = await openParser({
      ocrEnabled: true,
      ocrLanguage: languages.join('+'),
      tessdataPath: directory,
      targetPages: group.join(','),
      numWorkers: workers,
      dpi: DPI,
    });
    yield* (await parser.parse(bytes)).pages;
    onProgress({ page: at + group.length, pages: pageNumbers.length });
  }
}

/** Unpacks a language's data into the folder, once. */
async function installLanguage(language: string, directory: string): Promise<void> {
  const file = join(directory, `${language}.traineddata`);
  if (await stat(file).catch(() => undefined)) return;
  const name = `@tesseract.js-data/${language}`;
  const require = createRequire(import.meta.url);
  let packed: Buffer;
  try {
    const folder = join(require.resolve(`${name}/package.json`), '..', DATA_SET);
    packed = await readFile(join(folder, `${language}.traineddata.gz`));
  } catch (cause) {
    const message = `There is no language data to recognise "${language}" with: run "npm install ${name}".`;
    throw new BlockragError('document_parser_missing', message, { cause, data: { language } });
  }
  const data = await promisify(gunzip)(packed);
  await mkdir(directory, { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, data);
  await rename(part, file);
}
