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

/** One message of a conversation. */
export interface Turn {
  role: 'user' | 'assistant';
  content: string;
}

/** A marker no template would hold or alter. */
const marker = (index: number) => `BLOCKRAG-CONTENT-7f3a-${index}.`;

/** A passage's text as a block of the prompt. */
export function passageText(title: string, text: string): string {
  return `- Title: ${title}\n${text}\n\n`;
}

/**
 * The prompt's frame for one model. Documents stand in the first user message, between its instruction, which
 * ends block 0, and its question, with which the final block begins; later turns follow in the final block.
 */
export class PromptTemplate {
  /** Block 0 without a system message of the client's: the model's own, user header and instruction; token ids. */
  readonly preface: Uint32Array;
  #tokenizer: Tokenizer;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.preface = this.prefaceWith(undefined);
  }

  /** Block 0 with the client's system message in the place of the model's own; token ids. */
  prefaceWith(system: string | undefined): Uint32Array {
    const { opening, contents } = this.#render(system, [{ role: 'user', content: '' }]);
    return concatTokens([opening, ...contents.slice(0, -1), this.#tokenizer.encode(INSTRUCTION)]);
  }

  /**
   * The final block: the earlier turns of the conversation, the question, and the assistant's header; token ids.
   * @param earlier begins with a user's turn, roles alternate
   */
  finalBlock(question: string, earlier: readonly Turn[] = []): Uint32Array {
    const turns = [...earlier, { role: 'user' as const, content: question }];
    const asked = turns.map(({ role, content }) => ({
      role,
      content: role === 'user' ? `Question: ${content}` : content,
    }));
    return concatTokens(this.#render(undefined, asked).contents.slice(-turns.length));
  }

  /** A whole prompt without documents, up to the assistant's header; token ids. @param turns as in `finalBlock` */
  chat(system: string | undefined, turns: readonly Turn[]): Uint32Array {
    const { opening, contents } = this.#render(system, turns);
    return concatTokens([opening, ...contents]);
  }

  /**
   * Renders the chat template around markers and cuts there, so that no user text passes through it.
   * @returns the template's tokens before the first message's content, and for each message (the system message
   * first, where there is one) its content with what the template has after it
   */
  #render(
    system: string | undefined,
    turns: readonly Turn[],
  ): { opening: Uint32Array; contents: Uint32Array[] } {
    const messages = [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...turns];
    const [opening, ...after] = renderTemplate(
      this.#tokenizer,
      messages.map(({ role }) => role),
    );
    const contents = messages.map(({ content }, i) =>
      concatTokens([this.#tokenizer.encode(content), this.#tokenizer.encodeTemplate(after[i]!)]),
    );
    return { opening: this.#tokenizer.encodeTemplate(opening!), contents };
  }
}

/** The template's text before, between and after the contents of messages of these roles. */
function renderTemplate({ file }: Tokenizer, roles: readonly string[]): string[] {
  const bos = file.bos === undefined ? '' : file.tokens[file.bos]!;
  if (file.chatTemplate === undefined) return renderPlain(file.addBos ? bos : '', roles);
  let rendered: string;
  try {
    rendered = new Template(file.chatTemplate).render({
      messages: roles.map((role, i) => ({ role, content: marker(i) })),
      add_generation_prompt: true,
      bos_token: bos,
      eos_token: file.tokens[file.end[0] ?? -1] ?? '',
      enable_thinking: false,
    });
  } catch (error) {
    const them = roles[0] === 'system' ? ' with a system message' : '';
    throw new BlockragError('model_unsupported', `The model's chat template cannot be rendered${them}.`, {
      cause: error,
    });
  }
  const pieces: string[] = [];
  for (const [i] of roles.entries()) {
    const [before, after, ...more] = rendered.split(marker(i));
    if (before === undefined || after === undefined || more.length > 0) {
      throw new BlockragError(
        'model_unsupported',
        "The model's chat template does not hold each message once, in order.",
      );
    }
    pieces.push(before);
    rendered = after;
  }
  const [head] = pieces;
  if (file.addBos && bos !== '' && !head!.startsWith(bos)) pieces[0] = bos + head;
  return [...pieces, rendered];
}

/** For a model without a chat template. */
function renderPlain(opening: string, roles: readonly string[]): string[] {
  return [opening, ...roles.map((role) => (role === 'user' ? '\nAnswer:' : '\n\n'))];
}
