/** A Blockrag opened in the test's own process, for looking inside. */

import type { DocumentRow } from '../../../shared/catalog/catalog.ts';
import type { ConfigOverrides } from '../../../shared/config.ts';
import { DEFAULT_TENANT } from '../../../shared/pipeline/defaults.ts';
import type { OpenOptions } from '../../../shared/pipeline/open.ts';
import type { Answer, Question } from '../../../shared/pipeline/question/answer.ts';
import type { System } from '../../../shared/pipeline/system.ts';
import { openEmbedded, testConfig } from '../../support/settings.ts';

/** Opens a data directory. */
export function openSystem(
  data: string,
  options: Partial<OpenOptions> &
    Pick<ConfigOverrides, 'passageTokens' | 'hotBytes' | 'embedder' | 'reranker' | 'otherSettings'> = {},
): Promise<System> {
  const { passageTokens, hotBytes, embedder, reranker, otherSettings, ...open } = options;
  const settings = { data, passageTokens, hotBytes, embedder, reranker, otherSettings };
  return openEmbedded(testConfig(settings), { ...open });
}

/** Adds a text and waits until nothing is left to be done in the background. */
export async function addText(blockrag: System, name: string, text: string): Promise<DocumentRow> {
  const bytes = new TextEncoder().encode(text);
  const { id } = await blockrag.add({
    tenant: DEFAULT_TENANT,
    collection: 'default',
    name,
    mediaType: undefined,
    bytes,
  });
  await idle(blockrag);
  return (await blockrag.document(DEFAULT_TENANT, id))!;
}

/** Waits until nothing is left to be parsed, encoded, removed or tidied up. @param pauseMs between two looks */
export async function idle(blockrag: System, pauseMs = 20): Promise<void> {
  for (;;) {
    const { waiting, leased } = await blockrag.work();
    if (waiting + leased === 0) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Asks greedily for 8 tokens. */
export function askBlockrag(
  blockrag: System,
  question: string,
  more: Partial<Question> = {},
): Promise<Answer> {
  return blockrag.ask({
    tenant: DEFAULT_TENANT,
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
