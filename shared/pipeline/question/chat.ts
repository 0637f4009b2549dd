/** A conversation without documents: the model reads the chat template like any other prompt. */
import type { Turn } from '../../model/prompt.ts';
import type { Services } from '../services.ts';
import type { Answer } from './answer.ts';
import { type GenerateOptions, type GenerateServices, type Generation, generate } from './generate.ts';
import { checkLength, checkSystem, fitTurns, newestTurns, refusePrompt, reserveFor } from './room.ts';

export interface Chat extends Generation {
  system?: string | undefined;
  /** They begin and end with a user's turn, and roles alternate. */
  turns: readonly Turn[];
}

export type ChatAnswer = Pick<Answer, 'answer' | 'usage' | 'model'> & {
  finishReason: 'end' | 'length' | 'stop';
};

/** What a chat works with. */
export type ChatServices = GenerateServices &
  Pick<Services, 'template' | 'modelId' | 'maxQuestionLength' | 'contextTokens'>;

/**
 * Goes on with a conversation. The oldest turns are left out where they are too many, and the answer has as many tokens
 * as there is room for.
 * @throws BlockragError `question_too_long`, `prompt_too_long`, `cancelled`
 */
export async function answerChat(
  services: ChatServices,
  chat: Chat,
  options: GenerateOptions = {},
): Promise<ChatAnswer> {
  const { template, maxQuestionLength, contextTokens } = services;
  const { turns, system } = chat;
  const question = turns.at(-1)!;
  checkLength(question.content, maxQuestionLength);
  checkSystem(system, contextTokens);
  const earlier = newestTurns(turns.slice(0, -1), maxQuestionLength - question.content.length);
  const finalBlock = fitTurns(
    (kept) => template.chat(system, [...kept, question]),
    earlier,
    contextTokens - reserveFor(chat.maxTokens, contextTokens),
  );
  if (finalBlock.length >= contextTokens) refusePrompt(contextTokens);
  const maxTokens = Math.min(chat.maxTokens, contextTokens - finalBlock.length);
  const prompt = { attention: 'full', preface: undefined, passages: [], finalBlock } as const;
  const { text, finish, completionTokens, drafts } = await generate(
    services,
    { ...chat, maxTokens },
    prompt,
    options,
  );
  return {
    answer: text.trim(),
    finishReason: finish,
    usage: {
      promptTokens: finalBlock.length,
      reusedTokens: 0,
      encodedTokens: 0,
      finalTokens: finalBlock.length,
      completionTokens,
      draftedTokens: drafts.drafted,
      acceptedTokens: drafts.accepted,
    },
    model: services.modelId,
  };
}
