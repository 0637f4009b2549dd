/** The reranking thread. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BlockragError, isBlockragError } from '../errors.ts';
import { serve } from '../threads.ts';
import type { RerankerFiles, RerankerMethods } from './reranker.ts';
import { loadWordPieces } from './word-pieces.ts';

type CrossEncoder = (question: string, passage: string) => Promise<number>;

let opening: Promise<CrossEncoder> | undefined;

serve<RerankerMethods>({
  async score({ question, passages }, { signal }) {
    opening ??= open(workerData as RerankerFiles);
    const score = await opening;
    const scores: number[] = [];
    for (const passage of passages) {
      // A run blocks this thread: between two pairs, let cancellations and other calls in.
      await nextTurn();
      signal.throwIfAborted();
      scores.push(await score(question, passage));
    }
    return scores;
  },
});

async function open({ model, tokenizer }: RerankerFiles): Promise<CrossEncoder> {
  try {
    return await openCrossEncoder(model, tokenizer);
  } catch (cause) {
    if (isBlockragError(cause)) throw cause;
    throw new BlockragError(
      'model_corrupt',
      `The reranker cannot be loaded from ${model} and ${tokenizer}: see that both files are whole, and that the weights are in the model file.`,
      { cause },
    );
  }
}

async function openCrossEncoder(model: string, tokenizer: string): Promise<CrossEncoder> {
  const pieces = await loadWordPieces(tokenizer);
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const { inputNames, outputNames } = session;
  const unknown = inputNames.find((name) => !INPUTS.includes(name));
  if (unknown !== undefined) throw unsupported(`it asks for ${unknown}`);
  const [output] = outputNames;
  if (output === undefined || outputNames.length > 1) {
    throw unsupported(`its outputs are ${outputNames.join(', ')}`);
  }
  const score: CrossEncoder = async (question, passage) => {
    const { ids, types } = pieces.pair(question, passage);
    const shape = [1, ids.length];
    const inputs: Record<string, Tensor> = {
      input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
      token_type_ids: new Tensor('int64', BigInt64Array.from(types, BigInt), shape),
    };
    const { [output]: scores } = await session.run(
      Object.fromEntries(inputNames.map((name) => [name, inputs[name]!])),
    );
    const { dims, type, data } = scores!;
    if (type !== 'float32' || data.length !== 1) {
      throw unsupported(`${output} is ${type} [${dims.join(', ')}]`);
    }
    const value = Number(data[0]);
    if (Number.isNaN(value)) throw unsupported(`${output} is not a number`);
    return value;
  };
  // A model of another kind is found out here, not in the middle of a question.
  await score('', '');
  return score;
}

const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'];

function unsupported(why: string): BlockragError {
  return new BlockragError(
    'model_unsupported',
    `A reranker is a cross-encoder: it takes ${INPUTS.join(', ')} and gives one float32 number for a pair, [N, 1]; of this one, ${why}.`,
  );
}
