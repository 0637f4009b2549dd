/** GET /v1/models: the model that answers, alone and with each collection, and the one that embeds. */
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import type { System } from '../../../pipeline/system.ts';
import { type Api, access, json, newRoutes } from '../../route.ts';
import { nameSchema } from '../../schemas/requests.ts';
import { openAiProblems } from './errors.ts';

/**
 * What a request's `model` asks for: the model that is served, with a collection after an @, if there is one.
 * @throws BlockragError `model_unknown`, `invalid_request` for what is no collection's name
 */
export function readModel(system: System, model: string): { collection: string | undefined } {
  // An alias may be how another id begins.
  if (system.modelIds.includes(model)) return { collection: undefined };
  const id = system.modelIds.find((one) => model.startsWith(`${one}@`));
  if (id === undefined) throw unknownModel(model);
  const name = nameSchema.safeParse(model.slice(id.length + 1));
  if (name.success) return { collection: name.data };
  const message = 'model: what stands after the @ is no name of a collection.';
  throw new BlockragError('invalid_request', message, { data: { field: 'model' } });
}

export function unknownModel(model: string): BlockragError {
  const message = `There is no model ${model} here: GET /v1/models names those there are.`;
  return new BlockragError('model_unknown', message, { data: { field: 'model' } });
}

const modelSchema = z
  .object({
    id: z.string().meta({ example: 'smollm2-135m-instruct' }),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    attention: z
      .object({ questions: z.int(), full: z.int(), block: z.int() })
      .nullish()
      .meta({
        description:
          'Of the model that answers: how many of the bundled questions it answers right with full and with block ' +
          'attention; null where that was not measured.',
      }),
  })
  .meta({ id: 'Model' });

const list = createRoute({
  method: 'get',
  path: '/v1/models',
  tags: ['openai'],
  summary: 'List models',
  description: 'MODEL@COLLECTION answers from that collection.',
  ...access('read'),
  responses: {
    200: json(z.object({ object: z.literal('list'), data: z.array(modelSchema) }), 'The models.'),
    ...openAiProblems(),
  },
});

const show = createRoute({
  method: 'get',
  path: '/v1/models/{model}',
  tags: ['openai'],
  summary: 'Look at a model',
  ...access('read'),
  request: { params: z.object({ model: z.string() }) },
  responses: { 200: json(modelSchema, 'The model.'), ...openAiProblems('model_unknown') },
});

/** A model as OpenAI shows one; with what block attention costs it, if it is one that answers. */
function view(system: System, id: string) {
  const shown = { id, object: 'model' as const, created: 0, owned_by: 'blockrag' };
  if (id === system.embeddingModel) return shown;
  return { ...shown, attention: system.services.model.manifest.attention };
}

export function modelRoutes(system: System): Api {
  const routes = newRoutes();
  routes.openapi(list, async (c) => {
    const id = system.services.modelId;
    const collections = await system.collections(c.get('caller').tenant);
    // Chat windows offer what is listed: so one may choose a collection there.
    const data = [id, ...collections.map(({ name }) => `${id}@${name}`), system.embeddingModel];
    return c.json({ object: 'list' as const, data: data.map((one) => view(system, one)) }, 200);
  });
  routes.openapi(show, (c) => {
    const { model } = c.req.valid('param');
    if (model !== system.embeddingModel) readModel(system, model);
    return c.json(view(system, model), 200);
  });
  return routes;
}
