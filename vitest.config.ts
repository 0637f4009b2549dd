import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Of tests/unit, what needs more than the clone: the real model, a server (those that files are fetched from among
 * them), Python, or a deployment made by osls; and what waits long for servers and processes of its own.
 */
const NEED_MORE = [
  'tests/unit/api/event-stream.test.ts',
  'tests/unit/api/middleware/concurrency.test.ts',
  'tests/unit/attention/{divergence,golden,self-check}.test.ts',
  'tests/unit/documents/reader.test.ts',
  'tests/unit/eval/run.test.ts',
  'tests/unit/functions/cli/model-prompt.test.ts',
  'tests/unit/infra/{api,batch,cfn-lint,finetune,guard,hosts,servers,template}.test.ts',
  'tests/unit/infra/stack/buckets.test.ts',
  'tests/unit/model/{adapter,prompt,tokenizer}.test.ts',
  'tests/unit/model/sources/{download,fetch-known,huggingface,huggingface-directory,one-wheel,onnx-model,wheels}.test.ts',
  'tests/unit/retrieval/{embedder,embedders}.test.ts',
  'tests/unit/storage/blobs/{s3,s3-faults}.test.ts',
  'tests/unit/storage/lmdb/check.test.ts',
  'tests/unit/storage/queue/table-dynamodb.test.ts',
  'tests/unit/storage/table/{dynamodb,dynamodb-faults}.test.ts',
];

// Tests work with a small model, whichever is the default. What they expect of answers is the base model's, so that a
// better adapter changes none of it; the one that is shipped has tests of its own (tests/e2e/adapter.test.ts).
const env = { BLOCKRAG_MODEL: 'smollm2-135m-instruct', BLOCKRAG_ADAPTER: 'none' };

// Two test files at once at most: each may hold an inference thread, and CI has two cores.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ['verbose'] : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          exclude: NEED_MORE,
          // A process for each of a hundred small files would take as long as what they test.
          isolate: false,
          unstubEnvs: true,
          // No folder: a test that asks for the real model or a service fails here, and belongs in the list above.
          env: { ...env, BLOCKRAG_CACHE: join(import.meta.dirname, 'package.json/no-cache') },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: [...NEED_MORE, 'tests/{browser,contract,e2e,examples}/**/*.test.ts'],
          env,
        },
      },
    ],
  },
});
