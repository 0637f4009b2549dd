/** A Blockrag opened in the test's own process, for looking inside. */
import { loadConfig } from '../../../shared/config.ts';
import type { Answer, Question } from '../../../shared/pipeline/answer.ts';
import { Blockrag, type OpenOptions } from '../../../shared/pipeline/blockrag.ts';
import type { DocumentRow } from '../../../shared/storage/catalog.ts';

/** Opens a data directory. */
export function openBlockrag(
  data: string,
  options: Partial<OpenOptions> & { passageTokens?: number } = {},
): Promise<Blockrag> {
  const { passageTokens, ...open } = options;
  return Blockrag.open(loadConfig({ data, passageTokens }), { command: 'test', ...open });
}

/** Adds a text and waits until nothing is left to be done in the background. */
export async function addText(blockrag: Blockrag, name: string, text: string): Promise<DocumentRow> {
  const bytes = new TextEncoder().encode(text);
  const { id } = await blockrag.add({ collection: 'default', name, mediaType: undefined, bytes });
  await idle(blockrag);
  return (await blockrag.document(id))!;
}

export async function idle(blockrag: Blockrag): Promise<void> {
  while (await blockrag.busy()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Asks greedily for 8 tokens. */
export function askBlockrag(
  blockrag: Blockrag,
  question: string,
  more: Partial<Question> = {},
): Promise<Answer> {
  return blockrag.ask({
    question,
    collection: 'default',
    attention: 'block',
    topK: 5,
    maxTokens: 8,
    sampling: { temperature: 0, topP: 1, topK: 0, seed: undefined },
    stop: [],
    ...more,
  });
}
