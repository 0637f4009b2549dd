/** What block attention costs a model: the bundled questions, answered with full and with block attention. */
import { ContextKv } from '../kv/context.ts';
import type { AttentionCost } from '../model/compiled.ts';
import { PromptTemplate, passageText } from '../model/prompt.ts';
import { concatTokens } from '../model/tokens.ts';
import { drain } from '../turns/steps.ts';
import { answer, type PromptBlock } from './answer.ts';
import { COMPARISON_PROMPTS } from './comparison-text.ts';
import type { Decoder } from './decoder.ts';
import { recentKeys } from './recent-keys.ts';
import { GREEDY } from './sampling.ts';

/** Tokens of an answer at most. */
const MAX_TOKENS = 20;

/**
 * Answers the forty questions greedily under both, with int8 keys and values. What the questions of a prompt share is
 * encoded once: under block attention text by text; under full attention as one block, whose tokens see each other.
 * @param onQuestion after each question
 * @throws BlockragError `model_no_tokenizer`
 */
export async function compareAttention(
  decoder: Decoder,
  onQuestion: (done: number, total: number) => void = () => undefined,
): Promise<AttentionCost> {
  const tokenizer = await decoder.model.tokenizer();
  const template = new PromptTemplate(tokenizer);
  const state = { decoder, context: new ContextKv(decoder.shape), verified: recentKeys() };
  let keys = 0;
  // Nothing is stored: a key only needs to be no other block's.
  const toBlock = (tokens: Uint32Array): PromptBlock => ({
    tokens,
    key: (keys++).toString(16).padStart(64, '0'),
    object: undefined,
  });
  const ask = async (blocks: PromptBlock[], question: string): Promise<string> => {
    const request = {
      attention: 'block' as const,
      blocks,
      finalBlock: template.finalBlock(question),
      dtype: 'int8' as const,
      sampling: GREEDY,
      maxTokens: MAX_TOKENS,
      end: tokenizer.file.end,
    };
    const ids: number[] = [];
    const steps = answer(state, request, (event) => {
      if (event.kind === 'token') ids.push(event.id);
      // The next question of this prompt finds it there.
      else if (event.kind === 'encoded') blocks[event.index]!.object = event.object;
    });
    await drain(steps);
    return tokenizer.decode(ids);
  };
  const total = COMPARISON_PROMPTS.reduce((sum, { questions }) => sum + questions.length, 0);
  const cost = { questions: 0, full: 0, block: 0 };
  for (const { passages, questions } of COMPARISON_PROMPTS) {
    const texts = passages.map(({ title, text }) => tokenizer.encode(passageText(title, text)));
    const apart = [template.preface, ...texts];
    const prompts = { full: [toBlock(concatTokens(apart))], block: apart.map(toBlock) };
    for (const { question, answers } of questions) {
      for (const attention of ['full', 'block'] as const) {
        if (isRight(await ask(prompts[attention], question), answers)) cost[attention]++;
      }
      onQuestion(++cost.questions, total);
    }
  }
  return cost;
}

/** Whether a text holds one of the answers as whole words. */
export function isRight(text: string, answers: readonly string[]): boolean {
  const words = (said: string) =>
    ` ${said
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `;
  return answers.some((one) => words(text).includes(words(one)));
}
