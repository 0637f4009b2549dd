/** Prompts for calibration and self-check: the reference text where the model has a tokenizer, else fixed noise. */
import { isBlockragError } from '../errors.ts';
import type { CompiledModel } from '../model/compiled.ts';
import { PromptTemplate, passageText } from '../model/prompt.ts';
import { REFERENCE_PASSAGES, REFERENCE_QUESTIONS } from './reference-text.ts';

/** Token ids of some prompts as blocks: preface, two or three passages, final block. */
export async function referencePrompts(model: CompiledModel): Promise<Uint32Array[][]> {
  try {
    const tokenizer = await model.tokenizer();
    const template = new PromptTemplate(tokenizer);
    const passages = REFERENCE_PASSAGES.map(({ title, text }) => tokenizer.encode(passageText(title, text)));
    // Every passage is in a prompt; more prompts would repeat them.
    return [
      [0, 1, 2],
      [3, 4],
    ].map((chosen) => [
      template.preface,
      ...chosen.map((i) => passages[i]!),
      template.finalBlock(REFERENCE_QUESTIONS[chosen[0]!]!),
    ]);
  } catch (error) {
    if (isBlockragError(error, 'model_no_tokenizer') || isBlockragError(error, 'model_unsupported')) {
      return noisePrompts(model.manifest.architecture.vocabulary);
    }
    throw error;
  }
}

/** The same arbitrary token ids on every machine. */
function noisePrompts(vocabulary: number): Uint32Array[][] {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % vocabulary;
  };
  const block = (length: number) => Uint32Array.from({ length }, next);
  return [0, 1].map(() => [block(7), block(40), block(23), block(9)]);
}
