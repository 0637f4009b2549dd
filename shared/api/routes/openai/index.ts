/** The routes that OpenAI clients speak to: models, chat completions, embeddings. */
import type { Blockrag } from '../../../pipeline/blockrag.ts';
import type { Logger } from '../../../telemetry.ts';
import { type Api, newRoutes } from '../../route.ts';
import type { RunWork } from '../../work.ts';
import { chatRoutes } from './chat.ts';
import { embeddingRoutes } from './embeddings.ts';
import { modelRoutes } from './models.ts';

export { isOpenAi, toOpenAiError } from './errors.ts';

export function openAiRoutes(blockrag: Blockrag, run: RunWork, logger: Logger): Api {
  const routes = newRoutes();
  routes.route('/', modelRoutes(blockrag));
  routes.route('/', chatRoutes(blockrag, run, logger));
  routes.route('/', embeddingRoutes(blockrag, run));
  return routes;
}
