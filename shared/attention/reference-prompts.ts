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
    return choosePassages(passages, model.manifest.architecture.local?.window).map((chosen) => [
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

/** Which passages each prompt has. Every passage is in one; more prompts would repeat them. */
function choosePassages(passages: readonly Uint32Array[], window: number | undefined): number[][] {
  const first = [0, 1, 2];
  if (window === undefined) return [first, [3, 4]];
  // Longer than the window of local layers, so that it counts.
  const all: number[] = [];
  for (let tokens = 0; tokens < 1.5 * window || all.length < passages.length; ) {
    const next = all.length % passages.length;
    all.push(next);
    tokens += passages[next]!.length;
  }
  return [first, all];
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
