/** blockrag documents, remove, stats, reencode: what is stored, and how it changes. */
import { BlockragError } from '../../../shared/errors.ts';
import { openClient } from '../client.ts';
import { type Client, documentsOf, idle, workOf } from '../client-interface.ts';
import { documentName } from '../document-name.ts';
import { dataPlace } from '../given.ts';
import type { CommonOptions } from '../options.ts';
import { counted, plain, print, printError, printJson, recognisedPages } from '../terminal.ts';
import { waitFor } from '../waiting.ts';

export async function listDocuments(
  options: CommonOptions & { collection?: string },
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, { command: 'documents', quiet: json, signal });
  try {
    const documents = await documentsOf(client, options.collection);
    if (json) printJson({ documents });
    else if (documents.length === 0) print('No documents. Add some: blockrag add FILES');
    else {
      for (const { id, status, collection, name, pages, passages, error } of documents) {
        const facts = [counted(passages, 'passage'), ...recognisedPages(pages)].join(', ');
        const problem = error === null ? '' : `  ${plain(error.message)}`;
        print(`${id}  ${status.padEnd(8)}  ${plain(collection)}  ${plain(name)}  (${facts})${problem}`);
      }
    }
  } finally {
    await client.close();
  }
  return 0;
}

/** @param references document ids, names, or paths of the files that were added */
export async function removeDocuments(
  references: string[],
  options: CommonOptions & { collection?: string },
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const place = dataPlace(options);
  const client = await openClient(options, { command: 'remove', quiet: json, signal });
  const removed: string[] = [];
  let failed = 0;
  try {
    const documents = await documentsOf(client, options.collection);
    for (const reference of references) {
      // The path that `add` was given will do, from wherever the command runs.
      const known = [reference, documentName(reference, place.data)];
      const matches = documents.filter(({ id, name }) => id === reference || known.includes(name));
      try {
        if (matches.length === 0) {
          throw new BlockragError('document_not_found', `There is no document ${reference}.`);
        }
        if (matches.length > 1) {
          const ids = matches.map(({ id }) => id).join(', ');
          throw new BlockragError('conflict', `${reference} is in several collections: name one of ${ids}.`);
        }
        await client.remove(matches[0]!.id);
        removed.push(matches[0]!.id);
        if (!json) print(`removed  ${plain(matches[0]!.name)}`);
      } catch (error) {
        failed++;
        printError(error, json);
      }
    }
    // The text is gone from the disk when the command returns; from stores elsewhere when a server has done its work.
    await idle(client, place, signal);
    if (json) printJson({ removed });
  } finally {
    await client.close();
  }
  return failed > 0 ? 1 : 0;
}

export async function showStats(options: CommonOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, { command: 'stats', quiet: json, signal });
  try {
    const { work, adapter, ...facts } = await allFacts(client);
    if (json) printJson({ ...facts, adapter, work });
    else {
      const adapted = adapter === null ? 'none' : `${adapter.name} (${adapter.sha256.slice(0, 12)})`;
      for (const [name, value] of Object.entries({ ...facts, adapter: adapted })) {
        print(`${name.padEnd(16)} ${plain(String(value))}`);
      }
      // A key that is no operator's is not told of the queue.
      if (work !== undefined) {
        print(`work             ${work.waiting} waiting, ${work.leased} in hand, ${work.dead} given up`);
      }
    }
  } finally {
    await client.close();
  }
  return 0;
}

/** Settings, counts and work: three requests of the API, one command. */
async function allFacts(client: Client) {
  const [system, stats, work] = await Promise.all([client.system(), client.stats(), workOf(client)]);
  return { ...system, ...stats, work };
}

/** Encodes everything again with the model, KV dtype or passage size of the options. */
export async function reencode(options: CommonOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, {
    command: 'reencode',
    quiet: json,
    signal,
    reencode: true,
  });
  try {
    const documents = await waitFor(client, await documentsOf(client, undefined), json, signal);
    await idle(client, dataPlace(options), signal);
    const stats = await allFacts(client);
    if (json) printJson(stats);
    else {
      print(`${stats.ready} documents ready, ${stats.passages} passages, ${plain(stats.model)}, ${stats.kv}`);
      for (const { name, error } of documents) {
        if (error !== null) process.stderr.write(`failed: ${plain(name)}: ${plain(error.message)}\n`);
      }
    }
    return documents.some(({ status }) => status === 'failed') ? 1 : 0;
  } finally {
    await client.close();
  }
}
