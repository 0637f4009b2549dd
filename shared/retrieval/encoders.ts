/** Opens an embedding model: a text in, its vector out. Used by the embedding thread only. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BlockragError } from '../errors.ts';
import { publish } from '../files/publish.ts';
import { EMBEDDING_DIMENSIONS, type EmbedderFiles } from './embedder.ts';
import { loadWordPieces, MAX_CHARACTERS, MAX_WORD_PIECES } from './word-pieces.ts';

/** Vectors of length 1, [384], and the word pieces that were read. */
export type Encoder = (text: string) => Promise<{ vector: Float32Array; wordPieces: number }>;

const SESSION = { intraOpNumThreads: 1, interOpNumThreads: 1 };

export function openEncoder(files: EmbedderFiles): Promise<Encoder> {
  return files.kind === 'e5' ? openE5(files) : openOnnx(files);
}

async function openOnnx({ model, tokenizer, pooling }: EmbedderFiles & { kind: 'onnx' }): Promise<Encoder> {
  const pieces = await loadWordPieces(tokenizer);
  const session = await InferenceSession.create(model, SESSION);
  const output = ['last_hidden_state', 'token_embeddings'].find((name) => session.outputNames.includes(name));
  if (output === undefined) throw unsupported(`its outputs are ${session.outputNames.join(', ')}`);
  return async (text) => {
    const ids = pieces.text(text);
    const shape = [1, ids.length];
    const inputs: Record<string, Tensor> = {
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
      token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
    };
    const wanted = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]!]));
    const { [output]: states } = await session.run(wanted);
    if (states!.dims.at(-1) !== EMBEDDING_DIMENSIONS)
      throw unsupported(`its vectors have ${states!.dims.at(-1)}`);
    const tokens = pooling === 'mean' ? ids.length : 1;
    return { vector: meanPool(states!.data as Float32Array, tokens), wordPieces: ids.length };
  };
}

async function openE5({ packed, graph }: EmbedderFiles & { kind: 'e5' }): Promise<Encoder> {
  // Loaded here: other models need none of it.
  const { PackedE5 } = await import('./e5/packed.ts');
  const { unigramTokenizer } = await import('./e5/unigram.ts');
  const model = await PackedE5.open(packed);
  const file = join(graph, 'model.onnx');
  if (!existsSync(file)) {
    const { writeEncoder } = await import('./e5/graph.ts');
    await publish(graph, async (temporary) => {
      await mkdir(temporary);
      await writeEncoder(model, temporary);
    });
  }
  const { begin, end } = model.unigram;
  const { hidden } = model.shape;
  const pieces = unigramTokenizer(model.unigram);
  const positions = model.floats('emb.pos');
  const type = model.floats('emb.type');
  const session = await InferenceSession.create(file, SESSION);
  return async (text) => {
    const ids = [begin, ...pieces(text.slice(0, MAX_CHARACTERS)).slice(0, MAX_WORD_PIECES - 2), end];
    // The 250,000 word embeddings stay in 4 bits: a text's few rows are widened here.
    const embeddings = new Float32Array(ids.length * hidden);
    for (const [i, id] of ids.entries()) {
      const row = model.embedding(id);
      for (let d = 0; d < hidden; d++) {
        embeddings[i * hidden + d] = row[d]! + positions[i * hidden + d]! + type[d]!;
      }
    }
    const input_embeddings = new Tensor('float32', embeddings, [1, ids.length, hidden]);
    const { last_hidden_state: states } = await session.run({ input_embeddings });
    return { vector: meanPool(states!.data as Float32Array, ids.length), wordPieces: ids.length };
  };
}

function unsupported(why: string): BlockragError {
  return new BlockragError(
    'model_unsupported',
    `An embedding model gives last_hidden_state with vectors of ${EMBEDDING_DIMENSIONS} numbers; of this one, ${why}.`,
  );
}

/** The mean of [tokens, 384] over the first tokens, of length 1. Normalising makes dividing by their count needless. */
function meanPool(states: Float32Array, tokens: number): Float32Array {
  const sum = new Float32Array(EMBEDDING_DIMENSIONS);
  for (let token = 0; token < tokens; token++) {
    const row = token * EMBEDDING_DIMENSIONS;
    for (let d = 0; d < EMBEDDING_DIMENSIONS; d++) sum[d]! += states[row + d]!;
  }
  const norm = Math.hypot(...sum) || 1;
  return sum.map((value) => value / norm);
}
