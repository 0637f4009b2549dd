/**
 * The embedding thread. One text at a time: with one thread a batch of 16 takes 1.5 times as long as 16 single runs
 * (the activations leave the cache), and a text's vector must not depend on its neighbours.
 */
import { workerData } from 'node:worker_threads';
import { BlockragError, isBlockragError } from '../errors.ts';
import { serve, Transfer } from '../threads.ts';
import { Scheduler } from '../turns/scheduler.ts';
import type { Steps } from '../turns/steps.ts';
import { EMBEDDING_DIMENSIONS, type EmbedderFiles, type EmbedderMethods } from './embedder.ts';
import { type Encoder, openEncoder } from './encoders.ts';

const scheduler = new Scheduler();
let opening: Promise<Encoder> | undefined;

serve<EmbedderMethods>({
  async embed({ texts, role, tenant }, { signal }) {
    opening ??= open(workerData as EmbedderFiles);
    const steps = embed(await opening, texts);
    const embedded = await scheduler.run(role === 'query' ? 'question' : 'encode', steps, signal, tenant);
    return new Transfer(embedded, [embedded.vectors.buffer]);
  },
});

/** A run blocks this thread: between two texts others have their turn. */
async function* embed(encode: Encoder, texts: readonly string[]): Steps<EmbedderMethods['embed']['result']> {
  const vectors = new Float32Array(texts.length * EMBEDDING_DIMENSIONS);
  const wordPieces: number[] = [];
  for (const [i, text] of texts.entries()) {
    if (i > 0) yield;
    const encoded = await encode(text);
    wordPieces.push(encoded.wordPieces);
    vectors.set(encoded.vector, i * EMBEDDING_DIMENSIONS);
  }
  return { vectors, wordPieces };
}

async function open(files: EmbedderFiles): Promise<Encoder> {
  try {
    return await openEncoder(files);
  } catch (cause) {
    if (isBlockragError(cause)) throw cause;
    const paths = files.kind === 'e5' ? [files.packed, files.graph] : [files.model, files.tokenizer];
    throw new BlockragError(
      'model_corrupt',
      `The embedding model cannot be loaded from ${paths.join(' and ')}: delete the files to fetch them again.`,
      { cause },
    );
  }
}
