/** blockrag add: files and folders become documents. */
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { parseRequest, scopeSchema } from '../../../shared/api/schemas/requests.ts';
import type { AddedView } from '../../../shared/api/views/document.ts';
import { BlockragError, toBlockragError } from '../../../shared/errors.ts';
import { openClient } from '../client.ts';
import { toConfig } from '../config.ts';
import { findFiles, type SkippedFile } from '../find-files.ts';
import type { CommonOptions } from '../options.ts';
import { counted, plain, print, printError, printJson, printNote, recognisedPages } from '../terminal.ts';
import { waitFor } from '../waiting.ts';

export interface AddOptions extends CommonOptions {
  collection?: string;
  wait: boolean;
  verbose?: boolean;
  ifExists?: 'replace' | 'error';
}

export async function add(paths: string[], options: AddOptions, signal: AbortSignal): Promise<number> {
  const config = toConfig(options);
  const { collection } = parseRequest(scopeSchema, { collection: options.collection });
  const json = options.json === true;
  const { files, skipped } = await findFiles(paths, { data: config.data, maxBytes: config.maxDocumentBytes });
  if (!json) reportSkipped(skipped, options.verbose === true);
  if (files.length === 0) {
    throw new BlockragError('invalid_option', 'No documents found: see what was skipped, or name files.');
  }
  const client = await openClient(options, { command: 'add', quiet: json, create: true, signal });
  const failures: { name: string; code: string; message: string }[] = [];
  const views: AddedView[] = [];
  try {
    for (const { path, name } of files) {
      signal.throwIfAborted();
      try {
        // The size is looked at before the file is read into memory.
        const { size } = await stat(path);
        if (size > config.maxDocumentBytes) {
          throw new BlockragError(
            'document_too_large',
            `${name} has ${size} bytes; at most ${config.maxDocumentBytes} are read: split the document.`,
          );
        }
        views.push(
          await client.add({
            ...{ collection, name, ifExists: options.ifExists },
            bytes: new Uint8Array(await readFile(path)),
          }),
        );
      } catch (thrown) {
        const { code, message } = toBlockragError(thrown);
        failures.push({ name, code, message });
      }
    }
    const now = options.wait ? await waitFor(client, views, json, signal) : views;
    const documents = now.map((view, i): AddedView => ({ ...view, replaced: views[i]!.replaced }));
    for (const { name, error } of documents) if (error !== null) failures.push({ name, ...error });
    if (json) printJson({ documents, failures, skipped });
    else report(documents, failures);
  } finally {
    await client.close();
  }
  return failures.length > 0 ? 1 : 0;
}

function report(
  documents: readonly AddedView[],
  failures: readonly { name: string; code: string; message: string }[],
) {
  for (const { name, status, pages, passages, tokens, replaced } of documents) {
    if (status === 'failed') continue;
    const facts = [
      counted(passages, 'passage'),
      counted(tokens, 'token'),
      ...recognisedPages(pages),
      ...(replaced ? ['replaces another of this name'] : []),
    ];
    print(`${status}  ${plain(name)}  (${facts.join(', ')})`);
  }
  for (const { code, message } of failures) printError(new BlockragError(code as never, message), false);
}

const WHY: Readonly<Record<SkippedFile['code'], string>> = {
  hidden: 'hidden, or node_modules',
  link: 'links',
  document_empty: 'empty',
  document_not_text: 'not text, though named so',
  document_type_unknown: 'of a kind that is not read',
};

/** How many were left out for which reason; each by itself with --verbose. */
function reportSkipped(skipped: readonly SkippedFile[], verbose: boolean): void {
  if (skipped.length === 0) return;
  if (verbose) for (const { reason } of skipped) printNote(`skipped: ${reason}`);
  const codes = [...new Set(skipped.map(({ code }) => code))];
  const reasons = codes.map((one) => {
    const those = skipped.filter(({ code }) => code === one);
    const endings = one.startsWith('document_') ? endingsOf(those) : '';
    return `${those.length} ${WHY[one]}${endings}`;
  });
  const advice = verbose ? '' : ' (--verbose names them)';
  printNote(`skipped ${skipped.length}: ${reasons.join('; ')}${advice}`);
}

/** " (.png, .zip)" */
function endingsOf(files: readonly SkippedFile[]): string {
  const endings = [...new Set(files.map(({ name }) => extname(name)).filter((ending) => ending !== ''))];
  if (endings.length === 0) return '';
  return ` (${endings.slice(0, 5).join(', ')}${endings.length > 5 ? ', ...' : ''})`;
}
