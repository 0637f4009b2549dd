/** What requests may hold: those of the REST API and those of the command line. */

import { z } from 'zod';
import { ATTENTION_CHOICES } from '../../attention/modes.ts';
import { BlockragError } from '../../errors.ts';
import { DEFAULT_COLLECTION, DEFAULT_MAX_TOKENS, DEFAULT_TOP_K } from '../../pipeline/defaults.ts';
import { filterSchema } from '../../pipeline/metadata.ts';
import type { Question } from '../../pipeline/question/answer.ts';
import type { Retrieval } from '../../pipeline/question/retrieve.ts';

/** A name that is shown and stored, never parsed: any text of moderate length without control characters. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(512)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'control characters are not allowed')
  .refine((text) => text.isWellFormed(), 'not well-formed Unicode');

export const collectionSchema = nameSchema
  .default(DEFAULT_COLLECTION)
  .meta({ description: 'A named set of documents.', example: 'station' });
export const scopeSchema = z.strictObject({ collection: collectionSchema });
/** How a document is called, whatever way it comes. */
export const newDocumentSchema = z.object({ name: nameSchema, collection: collectionSchema });

/** JSON in a text: a form's field or a parameter. */
export function jsonText<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'that is no JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** Where a page begins. It holds a key of the catalog, which is of no concern to clients. */
export const cursorSchema = z
  .string()
  .min(1)
  .max(1024)
  .transform((cursor, context) => {
    const key = Buffer.from(cursor, 'base64url').toString();
    if (toCursor(key) === cursor) return key;
    context.addIssue({ code: 'custom', message: 'that is not the next of any page' });
    return z.NEVER;
  })
  .meta({ type: 'string', description: 'The next of the page before.' });

export function toCursor(key: string): string;
export function toCursor(key: string | undefined): string | null;
export function toCursor(key: string | undefined): string | null {
  return key === undefined ? null : Buffer.from(key).toString('base64url');
}

export const idempotencyHeaders = z.object({
  'idempotency-key': z.string().min(1).max(255).optional().meta({
    description: 'Sent again within a day with the same request, it is done once.',
    example: '7d2e3a52-9c1b-4f0e-8a61-51e0a1b0f2c3',
  }),
});

/** Settings that every way of asking has. */
export const sampling = {
  temperature: z.number().min(0).max(2).meta({ description: '0: always the likeliest token.' }),
  topP: z.number().gt(0).max(1),
  seed: z.int().min(0).max(4_294_967_295),
  maxTokens: z.int().min(1).max(8192).meta({ description: 'Tokens of the answer at most.' }),
  stop: z.union([z.string().transform((text) => [text]), z.array(z.string()).max(8)]),
  attention: z.enum(ATTENTION_CHOICES).meta({
    description:
      'block: stored keys and values are reused; full: everything is read anew; auto: full for a model that block ' +
      'attention costs more than 10 of 40 bundled questions, else block.',
  }),
  topK: z.int().min(1).max(100).meta({ description: 'Passages in the prompt at most.' }),
};

/** A conversation before a question: the user begins, an answer ends it, and they take turns. */
const earlierSchema = z
  .array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.string() }))
  .max(100)
  .refine(
    (turns) =>
      turns.length % 2 === 0 && turns.every(({ role }, i) => role === (i % 2 === 0 ? 'user' : 'assistant')),
    'the turns begin with the user, alternate, and end with the assistant',
  )
  .meta({
    description: 'Earlier turns of the conversation: the user first, the assistant last, in turns.',
  });

export const querySchema = z
  .strictObject({
    question: z.string().meta({ example: 'When does the ferry leave?' }),
    earlier: earlierSchema.default([]),
    collection: collectionSchema,
    filter: filterSchema
      .optional()
      .meta({ description: 'Of the metadata; every key must match, of several values any.' }),
    attention: sampling.attention.default('block'),
    top_k: sampling.topK.default(DEFAULT_TOP_K),
    max_tokens: sampling.maxTokens.default(DEFAULT_MAX_TOKENS),
    temperature: sampling.temperature.default(0),
    top_p: sampling.topP.default(1),
    top_sampling_k: z.int().min(0).max(1000).default(0),
    seed: sampling.seed.optional(),
    stop: sampling.stop.default([]),
    stream: z.boolean().default(false).meta({ description: 'Answer as server-sent events.' }),
  })
  .meta({ id: 'Query' });

export const searchSchema = z
  .strictObject({
    query: z.string().meta({ example: 'When does the ferry leave?' }),
    collection: collectionSchema,
    filter: querySchema.shape.filter,
    top_k: z.int().min(1).max(100).default(DEFAULT_TOP_K).meta({ description: 'Passages at most.' }),
  })
  .meta({ id: 'Search' });

/** What a search may be sent: what has a default may be left out. */
export type SearchInput = z.input<typeof searchSchema>;

/** What a search asks of the pipeline. */
export function toRetrieval(
  tenant: string,
  { query, collection, filter, top_k }: z.infer<typeof searchSchema>,
): Retrieval {
  return { tenant, question: query, collection, filter, topK: top_k };
}

export type QueryBody = z.infer<typeof querySchema>;
/** The same as it may be sent: what has a default may be left out. */
export type QueryInput = z.input<typeof querySchema>;

/** What a query asks of the pipeline. */
export function toQuestion(tenant: string, body: QueryBody): Question {
  const {
    question,
    earlier,
    collection,
    filter,
    attention,
    top_k,
    max_tokens,
    temperature,
    top_p,
    seed,
    stop,
  } = body;
  return {
    tenant,
    question,
    earlier,
    collection,
    filter,
    attention,
    topK: top_k,
    maxTokens: max_tokens,
    sampling: { temperature, topP: top_p, topK: body.top_sampling_k, seed },
    stop,
  };
}

/** What a schema makes of a value. @throws BlockragError `invalid_request` (data.field: where it is wrong) */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : refuseInvalid(parsed.error);
}

/** @throws BlockragError `invalid_request` (data.field: where it is wrong) */
export function refuseInvalid({ issues: [issue] }: z.ZodError): never {
  const field = issue?.path.join('.') ?? '';
  const where = field === '' ? 'The request' : field;
  throw new BlockragError('invalid_request', `${where}: ${issue?.message}.`, { data: { field } });
}
