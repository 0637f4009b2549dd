/**
 * The embedding thread. One text at a time: with one thread a batch of 16 takes 1.5 times as long as 16 single runs
 * (the activations leave the cache), and a text's vector must not depend on its neighbours.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { BlockragError, isBlockragError } from '../errors.ts';
import { serve, Transfer } from '../threads.ts';
import { EMBEDDING_DIMENSIONS, type EmbedderFiles, type EmbedderMethods } from './embedder.ts';
import { type Encoder, openEncoder } from './encoders.ts';

let opening: Promise<Encoder> | undefined;

serve<EmbedderMethods>({
  async embed({ texts }, { signal }) {
    opening ??= open(workerData as EmbedderFiles);
    const encode = await opening;
    const vectors = new Float32Array(texts.length * EMBEDDING_DIMENSIONS);
    const counts: number[] = [];
    for (const [i, text] of texts.entries()) {
      // A run blocks this thread: between two texts, let cancellations and other calls in.
      await nextTurn();
      signal.throwIfAborted();
      const { vector, wordPieces } = await encode(text);
      counts.push(wordPieces);
      vectors.set(vector, i * EMBEDDING_DIMENSIONS);
    }
    return new Transfer({ vectors, wordPieces: counts }, [vectors.buffer]);
  },
});

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
