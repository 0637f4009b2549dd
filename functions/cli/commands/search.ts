/** blockrag search: passages about a query. */
import { DEFAULT_COLLECTION } from '../../../shared/pipeline/defaults.ts';
import { openClient } from '../client.ts';
import type { CommonOptions } from '../options.ts';
import { plain, print, printJson } from '../terminal.ts';
import { placeOf } from './ask.ts';

export interface SearchCommandOptions extends CommonOptions {
  collection?: string;
  topK: number;
}

export async function search(
  query: string,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, { command: 'search', quiet: json, signal });
  try {
    const { collection = DEFAULT_COLLECTION, topK: top_k } = options;
    const passages = await client.search(query, { collection, top_k, signal });
    if (json) printJson({ passages });
    else if (passages.length === 0) print('The documents hold nothing about this.');
    for (const [i, passage] of json ? [] : passages.entries()) {
      print(`${i === 0 ? '' : '\n'}[${i + 1}] ${plain(placeOf(passage))}`);
      for (const line of passage.text.split('\n')) print(`    ${plain(line)}`);
    }
  } finally {
    await client.close();
  }
  return 0;
}
