/**
 * The one definition of the prompt: preface, passages, question. What the model was fine-tuned on, what is
 * encoded at upload and what is served are this text. Format of the passages and the instruction:
 * Block-Attention (arXiv 2409.15355), appendix.
 */
import { Template } from '@huggingface/jinja';
import { BlockragError } from '../errors.ts';
import type { Tokenizer } from './tokenizer.ts';
import { concatTokens } from './tokens.ts';

const INSTRUCTION = 'Answer the question using only the documents below. Reply with a short answer.\n\n';

/** A marker no template would hold or alter. */
const CONTENT = 'BLOCKRAG-CONTENT-7f3a';

/** A passage's text as a block of the prompt. */
export function passageText(title: string, text: string): string {
  return `- Title: ${title}\n${text}\n\n`;
}

/** The prompt's frame for one model: block 0, and what follows the question. */
export class PromptTemplate {
  /** Block 0: system prompt, user header and instruction; token ids. */
  readonly preface: Uint32Array;
  #tail: Uint32Array;
  #tokenizer: Tokenizer;

  constructor(tokenizer: Tokenizer) {
    const { head, tail } = renderTemplate(tokenizer);
    this.#tokenizer = tokenizer;
    this.preface = concatTokens([tokenizer.encodeTemplate(head), tokenizer.encode(INSTRUCTION)]);
    this.#tail = tokenizer.encodeTemplate(tail);
  }

  /** The final block: the question and the assistant's header; token ids. */
  finalBlock(question: string): Uint32Array {
    return concatTokens([this.#tokenizer.encode(`Question: ${question}`), this.#tail]);
  }
}

/** Renders the chat template around a marker and cuts there, so that no user text passes through it. */
function renderTemplate({ file }: Tokenizer): { head: string; tail: string } {
  const bos = file.bos === undefined ? '' : file.tokens[file.bos]!;
  if (file.chatTemplate === undefined) return { head: file.addBos ? bos : '', tail: '\nAnswer:' };
  let rendered: string;
  try {
    rendered = new Template(file.chatTemplate).render({
      messages: [{ role: 'user', content: CONTENT }],
      add_generation_prompt: true,
      bos_token: bos,
      eos_token: file.tokens[file.end[0] ?? -1] ?? '',
      enable_thinking: false,
    });
  } catch (error) {
    throw new BlockragError('model_unsupported', "The model's chat template cannot be rendered.", {
      cause: error,
    });
  }
  const [head, tail, ...more] = rendered.split(CONTENT);
  if (head === undefined || tail === undefined || more.length > 0) {
    throw new BlockragError(
      'model_unsupported',
      "The model's chat template does not hold the user's message once.",
    );
  }
  return { head: file.addBos && bos !== '' && !head.startsWith(bos) ? bos + head : head, tail };
}
