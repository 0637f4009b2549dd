/** POST /v1/embeddings: texts as the vectors that retrieval works with. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { DEFAULT_EMBEDDER } from '../../../model/sources/embedders.ts';
import type { System } from '../../../pipeline/system.ts';
import { EMBEDDING_DIMENSIONS } from '../../../retrieval/embedder.ts';
import { type Api, access, json, newRoutes } from '../../route.ts';
import type { RunWork } from '../../work.ts';
import { inputSchema, toTexts } from './embeddings-input.ts';
import { openAiProblems } from './errors.ts';
import { unknownModel } from './models.ts';

const embeddingRequestSchema = z
  .object({
    model: z.string().meta({ example: DEFAULT_EMBEDDER }),
    input: inputSchema,
    encoding_format: z.enum(['float', 'base64']).nullish(),
    dimensions: z.literal(EMBEDDING_DIMENSIONS).nullish(),
  })
  .meta({ id: 'EmbeddingRequest', description: 'Fields that are not named here are passed over.' });

const embeddingsSchema = z
  .object({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z
          .union([z.array(z.number()), z.string()])
          .meta({ description: 'Length 1. base64: of the little-endian float32 values.' }),
      }),
    ),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: 'Embeddings' });

const embed = createRoute({
  method: 'post',
  path: '/v1/embeddings',
  tags: ['openai'],
  summary: 'Embed texts',
  description: 'Of each text the first 256 word pieces (some 200 words) are read.',
  ...access('read'),
  request: { body: { ...json(embeddingRequestSchema, 'The texts.'), required: true } },
  responses: {
    200: json(embeddingsSchema, 'A vector for each text, in the same order.'),
    ...openAiProblems(
      'unsupported_parameter',
      'model_unknown',
      'request_too_large',
      'unsupported_media_type',
      'request_timeout',
    ),
  },
});

export function embeddingRoutes(system: System, run: RunWork): Api {
  const routes = newRoutes();
  routes.openapi(embed, async (c) => {
    const { model, input, encoding_format: format } = c.req.valid('json');
    if (model !== system.embeddingModel) throw unknownModel(model);
    const texts = await toTexts(input);
    const { vectors, wordPieces } = await run(c, (signal) =>
      system.embed(c.get('caller').tenant, texts, signal),
    );
    const tokens = wordPieces.reduce((sum, count) => sum + count, 0);
    const data = vectors.map((vector, index) => ({
      object: 'embedding' as const,
      index,
      embedding: format === 'base64' ? toBase64(vector) : Array.from(vector),
    }));
    const usage = { prompt_tokens: tokens, total_tokens: tokens };
    return c.json({ object: 'list' as const, model, data, usage }, 200);
  });
  return routes;
}

/** Node runs on little-endian machines only where onnxruntime does. */
function toBase64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
