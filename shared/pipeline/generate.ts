/** The model's part of an answer: blobs loaded, context laid, final block attended, tokens turned into text. */
import type { AnswerEvent, AttentionMode, PromptFigures } from '../attention/answer.ts';
import type { Sampling } from '../attention/sampling.ts';
import { isBlockragError } from '../errors.ts';
import { loadBlocks, storeBlob } from './blocks.ts';
import type { RetrievedPassage } from './retrieve.ts';
import type { Services } from './services.ts';
import { TextStream } from './text-stream.ts';

/** How text is generated, whatever the prompt. */
export interface Generation {
  tenant: string;
  maxTokens: number;
  sampling: Sampling;
  stop: readonly string[];
}

/** Token ids of a prompt: block 0 and the passages that follow it (none for a chat), then the final block. */
export interface Prompt {
  attention: AttentionMode;
  preface: Uint32Array | undefined;
  /** Best first; the prompt holds them in the reverse order, the best next to the question. */
  passages: readonly RetrievedPassage[];
  finalBlock: Uint32Array;
}

export interface GenerateOptions {
  signal?: AbortSignal | undefined;
  /** Called with the answer's text piece by piece. */
  onText?: ((text: string) => void) | undefined;
}

export interface Generated {
  text: string;
  finish: 'end' | 'length' | 'stop';
  completionTokens: number;
  figures: PromptFigures;
  /** Milliseconds of reading blobs. */
  loadMs: number;
  /** When the first token came, by performance.now(). */
  firstToken: number | undefined;
}

/** Runs the model on a prompt; stores what the store lacked. Waits for its turn among the answers. */
export function generate(
  services: Services,
  generation: Generation,
  prompt: Prompt,
  options: GenerateOptions,
): Promise<Generated> {
  // Blobs are read inside: waiting answers must not hold memory.
  return services.answering.run(() => generateNow(services, generation, prompt, options), options.signal);
}

async function generateNow(
  services: Services,
  { tenant, sampling, maxTokens, stop }: Generation,
  { attention, preface, passages, finalBlock }: Prompt,
  { signal, onText }: GenerateOptions,
): Promise<Generated> {
  const { engine, tokenizer, dtype } = services;
  const started = performance.now();
  const tokens =
    preface === undefined ? [] : [preface, ...passages.map(({ passage }) => passage.tokens).reverse()];
  const blocks = await loadBlocks(services, tenant, attention, tokens);
  const loadMs = performance.now() - started;

  const stream = new TextStream(tokenizer, stop);
  const stopped = new AbortController();
  let text = '';
  let completionTokens = 0;
  let firstToken: number | undefined;
  const give = (piece: string) => {
    text += piece;
    if (piece !== '') onText?.(piece);
  };
  let figures: PromptFigures | undefined;
  const storing: Promise<void>[] = [];
  const onEvent = (event: AnswerEvent) => {
    if (event.kind === 'encoded') {
      const passage = event.index === 0 ? undefined : passages[passages.length - event.index];
      storing.push(storeBlob(services, tenant, blocks[event.index]!, event, passage));
    } else if (event.kind === 'attended') {
      figures = event;
    } else if (!stream.stopped) {
      firstToken ??= performance.now();
      completionTokens++;
      give(stream.push(event.id));
      if (stream.stopped) stopped.abort();
    }
  };
  const request = { attention, blocks, finalBlock, dtype, sampling, maxTokens, end: tokenizer.file.end };
  const either = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])]);
  const finish = await engine.answer(request, { signal: either, onEvent }).then(
    (result) => result.finish,
    (error: unknown) => {
      // A stop string ends the work as a cancellation does, but it is an answer.
      if (stream.stopped && isBlockragError(error, 'cancelled')) return 'stop' as const;
      throw error;
    },
  );
  give(stream.end());
  await Promise.all(storing);
  return {
    text,
    finish: stream.stopped ? 'stop' : finish,
    completionTokens,
    figures: figures!,
    loadMs,
    firstToken,
  };
}
