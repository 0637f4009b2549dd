import { expect, it } from 'vitest';
import type { Decoder } from '../../../shared/attention/decoder.ts';
import { encodeToBlobs } from '../../../shared/attention/encode-to-blob.ts';
import { drain } from '../../../shared/turns/steps.ts';

/** Writes down the tokens of each run; the keys and values of a token are its id. */
function countingDecoder(runs: number[]): Decoder {
  const run = async ({ tokens }: { tokens: Uint32Array }) => {
    runs.push(tokens.length);
    const rows = [Float32Array.from([...tokens].flatMap((id) => [id, id]))];
    return { key: rows, value: rows };
  };
  const shape = { layers: 1, kvHeads: 1, headDim: 2 };
  return { provider: 'cpu', shape, provenance: 'test', model: {}, run } as unknown as Decoder;
}

const blocks = [30, 30, 30, 100, 5].map((length, i) => ({
  tokens: Uint32Array.from({ length }, (_, token) => i * 1000 + token),
  key: `${i}`.repeat(64),
}));

it('short blocks share a run; beside questions runs are short, and the blobs the same', async () => {
  const encode = async (besideQuestions: () => boolean) => {
    const runs: number[] = [];
    const request = { blocks, dtype: 'fp32' as const };
    const objects = await drain(encodeToBlobs(countingDecoder(runs), request, besideQuestions));
    return { runs, objects };
  };
  const alone = await encode(() => false);
  expect(alone.runs).toEqual([195]);
  const beside = await encode(() => true);
  expect(beside.runs).toEqual([60, 30, 100, 5]);
  expect(beside.objects).toEqual(alone.objects);
});
