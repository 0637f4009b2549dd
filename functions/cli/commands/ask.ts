/** blockrag ask: a question, answered from the documents. */

import type { AnswerView, CitationView } from '../../../shared/api/views/answer.ts';
import type { AttentionChoice } from '../../../shared/attention/modes.ts';
import { DEFAULT_COLLECTION } from '../../../shared/pipeline/defaults.ts';
import { openClient } from '../client.ts';
import type { CommonOptions } from '../options.ts';
import { plain, print, printJson } from '../terminal.ts';

export interface AskCommandOptions extends CommonOptions {
  collection?: string;
  attention: AttentionChoice;
  topK: number;
  maxTokens: number;
  stream?: boolean;
}

export async function ask(
  question: string,
  options: AskCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const client = await openClient(options, { command: 'ask', quiet: json, warm: true, signal });
  try {
    const request = {
      collection: options.collection ?? DEFAULT_COLLECTION,
      attention: options.attention,
      top_k: options.topK,
      max_tokens: options.maxTokens,
      signal,
    };
    await client.warm?.();
    if (options.stream) {
      for await (const event of client.stream(question, request)) {
        if (event.type === 'done') show(event.answer, json, '');
        else if (json) printJson({ text: event.text });
        else process.stdout.write(plain(event.text));
      }
    } else {
      const answer = await client.ask(question, request);
      show(answer, json, plain(answer.answer));
    }
  } finally {
    await client.close();
  }
  return 0;
}

/** @param text what is left to be printed of the answer's text */
function show(answer: AnswerView, json: boolean, text: string): void {
  if (json) printJson(answer);
  else {
    print(text);
    printSources(answer);
  }
}

/** Where a passage stands, and how near it is. */
export function placeOf({
  document,
  page,
  page_end,
  title,
  similarity,
}: Omit<CitationView, 'grounding'>): string {
  const pages = page === page_end ? `page ${page}` : `pages ${page}-${page_end}`;
  return `${document}${page === null ? '' : `, ${pages}`}: ${title} (similarity ${similarity.toFixed(2)})`;
}

export function printSources(answer: AnswerView): void {
  const { citations, usage, timings_ms: timings, attention, passages_dropped: dropped } = answer;
  if (citations.length > 0) print('');
  for (const [i, citation] of citations.entries()) print(`  [${i + 1}] ${plain(placeOf(citation))}`);
  if (dropped > 0) print(`  ${dropped} more relevant passages did not fit into the model's context`);
  print(
    `  ${attention} attention: ${usage.reused_tokens} tokens reused, ${usage.encoded_tokens + usage.final_tokens} computed; first token after ${Math.round(timings.first_token)} ms`,
  );
}
