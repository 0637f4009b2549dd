/** blockrag add: files and folders become documents. */
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseRequest, scopeSchema } from '../../../shared/api/schemas/requests.ts';
import type { DocumentView } from '../../../shared/api/views/document.ts';
import { BlockragError, toBlockragError } from '../../../shared/errors.ts';
import { openClient } from '../client.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { counted, plain, print, printError, printJson } from '../terminal.ts';
import { waitFor } from '../waiting.ts';

export interface AddOptions extends CommonOptions {
  collection?: string;
  wait: boolean;
}

/** What is taken from a folder; a file named by itself is always tried. */
const EXTENSIONS = new Set(['.pdf', '.docx', '.html', '.htm', '.md', '.markdown', '.txt', '.text']);

export async function add(paths: string[], options: AddOptions, signal: AbortSignal): Promise<number> {
  const config = toConfig(options);
  const { collection } = parseRequest(scopeSchema, { collection: options.collection });
  const json = options.json === true;
  const files = await findFiles(paths);
  const client = await openClient(config, { command: 'add', quiet: json, create: true, signal });
  const failures: { name: string; code: string; message: string }[] = [];
  const views: DocumentView[] = [];
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
        views.push(await client.add({ collection, name, bytes: new Uint8Array(await readFile(path)) }));
      } catch (thrown) {
        const { code, message } = toBlockragError(thrown);
        failures.push({ name, code, message });
      }
    }
    const documents = options.wait ? await waitFor(client, views, json, signal) : views;
    for (const { name, error } of documents) if (error !== null) failures.push({ name, ...error });
    if (json) printJson({ documents, failures });
    else report(documents, failures);
  } finally {
    await client.close();
  }
  return failures.length > 0 ? 1 : 0;
}

function report(
  documents: readonly DocumentView[],
  failures: readonly { name: string; code: string; message: string }[],
) {
  for (const { name, status, passages, tokens } of documents) {
    if (status !== 'failed')
      print(`${status}  ${plain(name)}  (${counted(passages, 'passage')}, ${counted(tokens, 'token')})`);
  }
  for (const { code, message } of failures) printError(new BlockragError(code as never, message), false);
}

interface FoundFile {
  path: string;
  name: string;
}

/** The files to add, with the name each document gets: the path from here, or the whole path from elsewhere. */
async function findFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>();
  const take = (path: string) => {
    const full = resolve(path);
    const fromHere = relative(process.cwd(), full);
    const name = fromHere.startsWith('..') || isAbsolute(fromHere) ? full : fromHere;
    // A file name may hold line breaks; a document's name is one line, as over REST.
    found.set(full, {
      path: full,
      name: name
        .split(sep)
        .join('/')
        .replace(/\p{Cc}/gu, ' '),
    });
  };
  for (const path of paths) {
    const info = await stat(path).catch((cause: unknown) => {
      throw new BlockragError('invalid_option', `There is no file or folder ${path}.`, { cause });
    });
    if (!info.isDirectory()) take(path);
    else for (const file of await filesIn(path)) take(file);
  }
  if (found.size === 0) {
    throw new BlockragError('invalid_option', `No documents found; known are ${[...EXTENSIONS].join(' ')}.`);
  }
  return [...found.values()];
}

async function filesIn(folder: string): Promise<string[]> {
  const hidden = ({ name }: Dirent) => name.startsWith('.') || name === 'node_modules';
  const files: string[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (hidden(entry)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesIn(path)));
    else if (entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) files.push(path);
  }
  return files;
}
