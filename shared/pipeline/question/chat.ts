/** A conversation without documents: the model reads the chat template like any other prompt. */
import { BlockragError } from '../../errors.ts';
import type { Turn } from '../../model/prompt.ts';
import type { Services } from '../services.ts';
import type { Answer } from './answer.ts';
import { type GenerateOptions, type GenerateServices, type Generation, generate } from './generate.ts';

export interface Chat extends Generation {
  system?: string | undefined;
  /** They begin and end with a user's turn, and roles alternate. */
  turns: readonly Turn[];
}

export type ChatAnswer = Pick<Answer, 'answer' | 'usage' | 'model'> & {
  finishReason: 'end' | 'length' | 'stop';
};

/** What a chat works with. */
export type ChatServices = GenerateServices & Pick<Services, 'template' | 'modelId' | 'maxQuestionLength'>;

/** @throws BlockragError `question_too_long`, `prompt_too_long`, `cancelled` */
export async function answerChat(
  services: ChatServices,
  chat: Chat,
  options: GenerateOptions = {},
): Promise<ChatAnswer> {
  const { template, model, maxQuestionLength } = services;
  const { turns, system, maxTokens } = chat;
  const length = turns.reduce((sum, turn) => sum + turn.content.length, system?.length ?? 0);
  if (length > maxQuestionLength) {
    throw new BlockragError(
      'question_too_long',
      `The conversation has ${length} characters; at most ${maxQuestionLength} are taken.`,
      { data: { length, max: maxQuestionLength } },
    );
  }
  const finalBlock = template.chat(system, turns);
  const { contextLength } = model.manifest.architecture;
  if (finalBlock.length + maxTokens > contextLength) {
    throw new BlockragError(
      'prompt_too_long',
      `The conversation has ${finalBlock.length} tokens and the answer may have ${maxTokens}; the model takes ${contextLength}: shorten it or lower max_tokens.`,
      { data: { contextLength } },
    );
  }
  const prompt = { attention: 'full', preface: undefined, passages: [], finalBlock } as const;
  const { text, finish, completionTokens } = await generate(services, chat, prompt, options);
  return {
    answer: text.trim(),
    finishReason: finish,
    usage: {
      promptTokens: finalBlock.length,
      reusedTokens: 0,
      encodedTokens: 0,
      finalTokens: finalBlock.length,
      completionTokens,
    },
    model: services.modelId,
  };
}
