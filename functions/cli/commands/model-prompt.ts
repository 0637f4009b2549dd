/** blockrag model prompt: the prompt as it is served, for whoever trains a model on it. */
import { copyFile } from 'node:fs/promises';
import { BlockragError } from '../../../shared/errors.ts';
import { PromptTemplate, passageText } from '../../../shared/model/prompt.ts';
import type { Tokenizer } from '../../../shared/model/tokenizer.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { preparedModel } from '../prepared-model.ts';
import { printJson } from '../terminal.ts';

export interface PromptOptions extends CommonOptions {
  tokenizer?: string;
}

/** The frame of a prompt; each block is tokenised alone. */
export interface PromptFrame {
  /** Block 0. */
  preface_ids: number[];
  /** What stands before the user's message where there are no documents. */
  opening_ids: number[];
  /** A passage's text, with {title} and {text}. */
  passage_format: string;
  /** The final block's text, with {question}. */
  question_format: string;
  /** What follows the question: the assistant's header. */
  tail_ids: number[];
  /** Tokens that end an answer. */
  end_ids: number[];
}

/** JSON in any case: the recipe reads it. */
export async function printPrompt(options: PromptOptions, signal: AbortSignal): Promise<number> {
  const model = await preparedModel(toConfig(options), { quiet: options.json === true, signal });
  const frame = promptFrame(await model.tokenizer());
  if (options.tokenizer !== undefined) await writeTokenizer(model.tokenizerFile, options.tokenizer);
  printJson(frame);
  return 0;
}

/** The frame that a model's prompts have: read off a prompt made of placeholders. */
export function promptFrame(tokenizer: Tokenizer): PromptFrame {
  const template = new PromptTemplate(tokenizer);
  const placeholder = '{question}';
  const ids = Array.from(template.finalBlock(placeholder));
  // The question is tokenised apart from what follows it: some token ends with it.
  let length = 1;
  while (!tokenizer.decode(ids.slice(0, length)).includes(placeholder)) length++;
  const tail = ids.slice(length);
  const empty = Array.from(template.chat(undefined, [{ role: 'user', content: '' }]));
  return {
    preface_ids: Array.from(template.preface),
    opening_ids: empty.slice(0, empty.length - tail.length),
    passage_format: passageText('{title}', '{text}'),
    question_format: tokenizer.decode(ids.slice(0, length)),
    tail_ids: tail,
    end_ids: tokenizer.file.end,
  };
}

async function writeTokenizer(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((cause: unknown) => {
    throw new BlockragError('invalid_option', `${to} cannot be written.`, { cause });
  });
}
