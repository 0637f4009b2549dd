/** The embedding thread: word pieces, the model, mean pooling. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BlockragError } from '../errors.ts';
import { serve, Transfer } from '../threads.ts';
import { EMBEDDING_DIMENSIONS, type EmbedderFiles, type EmbedderMethods } from './embedder.ts';
import { loadWordPieces, type WordPieces } from './word-pieces.ts';

interface EmbeddingModel {
  session: InferenceSession;
  wordPieces: WordPieces;
}

let loading: Promise<EmbeddingModel> | undefined;

serve<EmbedderMethods>({
  async embed({ texts }, { signal }) {
    loading ??= load(workerData as EmbedderFiles);
    const model = await loading;
    const vectors = new Float32Array(texts.length * EMBEDDING_DIMENSIONS);
    const wordPieces: number[] = [];
    for (const [i, text] of texts.entries()) {
      // A run blocks this thread: between two texts, let cancellations and other calls in.
      await nextTurn();
      signal.throwIfAborted();
      const ids = model.wordPieces(text);
      wordPieces.push(ids.length);
      vectors.set(await embed(model.session, ids), i * EMBEDDING_DIMENSIONS);
    }
    return new Transfer({ vectors, wordPieces }, [vectors.buffer]);
  },
});

async function load({ model, tokenizer }: EmbedderFiles): Promise<EmbeddingModel> {
  try {
    const wordPieces = await loadWordPieces(tokenizer);
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    return { session, wordPieces };
  } catch (cause) {
    throw new BlockragError(
      'model_corrupt',
      `The embedding model cannot be loaded from ${model} and ${tokenizer}: delete the files to fetch them again.`,
      { cause },
    );
  }
}

/**
 * One text at a time: with one thread a batch of 16 takes 1.5 times as long as 16 single runs (the
 * activations leave the cache), and a text's vector must not depend on its neighbours.
 */
async function embed(session: InferenceSession, ids: readonly number[]): Promise<Float32Array> {
  const shape = [1, ids.length];
  const { last_hidden_state: states } = await session.run({
    input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
  });
  return meanPool(states!.data as Float32Array, ids.length);
}

/** The mean of [tokens, 384] over the tokens, of length 1. Normalising makes dividing by their count needless. */
function meanPool(states: Float32Array, tokens: number): Float32Array {
  const sum = new Float32Array(EMBEDDING_DIMENSIONS);
  for (let token = 0; token < tokens; token++) {
    const row = token * EMBEDDING_DIMENSIONS;
    for (let d = 0; d < EMBEDDING_DIMENSIONS; d++) sum[d]! += states[row + d]!;
  }
  const norm = Math.hypot(...sum) || 1;
  return sum.map((value) => value / norm);
}
