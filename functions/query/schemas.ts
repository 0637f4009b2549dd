/** What requests may hold: those of the REST API and those of the command line. */
import { z } from 'zod';
import { ATTENTION_MODES } from '../../shared/attention/answer.ts';
import { BlockragError } from '../../shared/errors.ts';
import { DEFAULT_MAX_TOKENS, DEFAULT_TOP_K } from '../../shared/pipeline/answer.ts';
import { DEFAULT_COLLECTION } from '../../shared/pipeline/blockrag.ts';

/** A name that is shown and stored, never parsed: any text of moderate length without control characters. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(512)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'control characters are not allowed')
  .refine((text) => text.isWellFormed(), 'not well-formed Unicode');

export const collectionSchema = name.default(DEFAULT_COLLECTION);
export const scopeSchema = z.strictObject({ collection: collectionSchema });

export const documentJsonSchema = z.strictObject({
  name,
  text: z.string(),
  collection: collectionSchema,
});

export const documentFormSchema = z.object({
  file: z.instanceof(File, { message: 'send the document as the form field "file"' }),
  name: name.optional(),
  collection: collectionSchema,
});

export const documentListSchema = z.object({
  collection: name.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: z.string().min(1).max(512).optional(),
});

export const querySchema = z.strictObject({
  question: z.string(),
  collection: collectionSchema,
  attention: z.enum(ATTENTION_MODES).default('block'),
  top_k: z.number().int().min(1).max(100).default(DEFAULT_TOP_K),
  max_tokens: z.number().int().min(1).max(8192).default(DEFAULT_MAX_TOKENS),
  temperature: z.number().min(0).max(2).default(0),
  top_p: z.number().gt(0).max(1).default(1),
  top_sampling_k: z.number().int().min(0).max(1000).default(0),
  seed: z.number().int().min(0).max(4_294_967_295).optional(),
  stop: z.union([z.string().transform((text) => [text]), z.array(z.string()).max(8)]).default([]),
  stream: z.boolean().default(false),
});

export type QueryBody = z.infer<typeof querySchema>;

/** What a schema makes of a value. @throws BlockragError `invalid_request` (data.field: where it is wrong) */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const where = field === '' ? 'The request' : field;
  throw new BlockragError('invalid_request', `${where}: ${issue?.message}.`, { data: { field } });
}
