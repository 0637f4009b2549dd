/** The one place where options become settings, and settings become drivers. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { BlockragError } from './errors.ts';
import { KV_DTYPES } from './kv/blob.ts';
import { COMPUTE_TYPES } from './model/onnx/linear.ts';
import type { PassageIndex } from './retrieval/ports.ts';
import type { Environment } from './storage/lmdb.ts';
import type { BlobStore, Table, WorkQueue } from './storage/ports.ts';

const MiB = 1024 * 1024;

const schema = z.strictObject({
  /** Directory of all that is stored. */
  data: z.string().min(1).default('.blockrag'),
  /** Model reference; undefined: what the data directory was made with, else the default model. */
  model: z.string().min(1).optional(),
  compute: z.enum(COMPUTE_TYPES).default('w8a8'),
  /** dtype of KV blobs; undefined: what the data directory was made with, else int8. */
  kv: z.enum(KV_DTYPES).optional(),
  /** Tokens of a passage at most; undefined: what the data directory was made with, else 256. */
  passageTokens: z.coerce.number().int().min(32).max(2048).optional(),
  /** Threads of the model; undefined: the machine's cores. */
  threads: z.coerce.number().int().min(1).max(256).optional(),
  /** Bytes of one document at most. */
  maxDocumentBytes: z.coerce
    .number()
    .int()
    .min(1)
    .default(100 * MiB),
  /** Characters of one question at most. */
  maxQuestionLength: z.coerce.number().int().min(1).default(8_000),
  /** Bytes that the contexts of the answers under way may hold; one context has 4 GiB at most. */
  contextBytes: z.coerce
    .number()
    .int()
    .min(MiB)
    .max(4000 * MiB)
    .default(1536 * MiB),
  /** Bytes of stored KV at most; past them the least used blobs go, and are computed again when asked for. */
  kvBytes: z.coerce.number().int().min(MiB).optional(),
  /** Answers that the model works on at once; more wait. */
  concurrentAnswers: z.coerce.number().int().min(1).default(8),
  /** Answers under way or waiting at most; past them: overloaded. */
  maxAnswers: z.coerce.number().int().min(1).default(64),
});

export type Config = z.infer<typeof schema>;
export type ConfigOverrides = { [K in keyof Config]?: Config[K] | string | undefined };

/** Environment variable of every setting: BLOCKRAG_DATA, BLOCKRAG_PASSAGE_TOKENS, ... */
const variableOf = (setting: string) =>
  `BLOCKRAG_${setting.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;

/** Settings from options given, else the environment, else defaults. @throws BlockragError `invalid_option` */
export function loadConfig(options: ConfigOverrides = {}, environment = process.env): Config {
  const values: Record<string, unknown> = {};
  for (const setting of Object.keys(schema.shape)) {
    const given = options[setting as keyof Config] ?? environment[variableOf(setting)];
    if (given !== undefined && given !== '') values[setting] = given;
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BlockragError(
      'invalid_option',
      `The option ${issue?.path.join('.')} is wrong: ${issue?.message}.`,
    );
  }
  return { ...parsed.data, data: resolve(parsed.data.data) };
}

/** The drivers of one data directory. */
export interface Stores {
  environment: Environment;
  blobs: BlobStore;
  table: Table;
  queue: WorkQueue;
  index: PassageIndex;
  close(): Promise<void>;
}

/** Deliveries of one work item at most. Generous: each kill of the process counts as one. */
export const MAX_ATTEMPTS = 10;

/** Opens the embedded drivers in an environment whose directory this process owns (storage/ownership.ts). */
export async function openStores(environment: Environment, directory: string): Promise<Stores> {
  // Drivers are loaded when they are opened: reading options must not cost a database.
  const { openFsBlobStore } = await import('./storage/blobs/fs.ts');
  const { openLmdbTable } = await import('./storage/table/lmdb.ts');
  const { openLmdbQueue } = await import('./storage/queue/lmdb.ts');
  const { openLanceIndex } = await import('./retrieval/lancedb.ts');
  const blobs = await openFsBlobStore(`${directory}/blobs`);
  const table = openLmdbTable(environment);
  const queue = await openLmdbQueue(environment, 'work', { maxAttempts: MAX_ATTEMPTS });
  const index = await openLanceIndex(`${directory}/index`);
  return {
    environment,
    blobs,
    table,
    queue,
    index,
    async close() {
      await Promise.all([queue.close(), table.close(), blobs.close(), index.close()]);
    },
  };
}

/** Opens the database of a data directory: enough to see who owns it. */
export async function openDataDirectory(directory: string): Promise<Environment> {
  const { openEnvironment } = await import('./storage/lmdb.ts');
  return openEnvironment(`${directory}/catalog`);
}
