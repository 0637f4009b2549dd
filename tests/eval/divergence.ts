/**
 * How far compute types and blob dtypes move the next token's distribution: KL divergence to float32 compute and
 * float32 blobs, in nats, over prompts of NaturalQuestions with two or three passages, block attention.
 *
 * node --import tsx tests/eval/divergence.ts [--prompts 100] [--model NAME_OR_FILE] [--adapter FILE | --no-adapter] [--json]
 */

import { Console } from 'node:console';
import { parseArgs } from 'node:util';
import type { KvDtype } from '../../shared/kv/dtypes.ts';
import type { ComputeType } from '../../shared/model/compute.ts';
import { DEFAULT_MODEL } from '../../shared/model/sources/index.ts';
import { prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { distributions, divergence, questionPrompts } from '../support/divergence.ts';
import { testFetch } from '../support/settings.ts';
import { ADAPTER_OPTIONS, adapterOf } from './options.ts';
import { setFile } from './records.ts';

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: '100' },
    model: { type: 'string', default: DEFAULT_MODEL },
    ...ADAPTER_OPTIONS,
    json: { type: 'boolean', default: false },
  },
});
const CONDITIONS: readonly [ComputeType, KvDtype][] = [
  ['fp32', 'fp16'],
  ['fp32', 'int8'],
  ['q8', 'int8'],
  ['w8a8', 'int8'],
];

const adapter = adapterOf(values);
const compiled = (compute: ComputeType) =>
  prepareModel({ ...testFetch(), reference: values.model, adapter, compute, requireText: true });
const measure = async (compute: ComputeType, dtype: KvDtype) => {
  process.stderr.write(`${compute}, ${dtype} blobs\n`);
  return distributions(prompts, await compiled(compute), dtype);
};
const prompts = await questionPrompts(setFile('nq-litm20'), Number(values.prompts), await compiled('fp32'));
const reference = await measure('fp32', 'fp32');
const rows: { compute: ComputeType; blobs: KvDtype; mean: number; worst: number }[] = [];
for (const [compute, blobs] of CONDITIONS) {
  rows.push({ compute, blobs, ...divergence(reference, await measure(compute, blobs)) });
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else {
  const digits = ({ mean, worst, ...row }: (typeof rows)[number]) => ({
    ...row,
    mean: mean.toFixed(5),
    worst: worst.toFixed(5),
  });
  new Console(process.stdout).table(rows.map(digits));
}
