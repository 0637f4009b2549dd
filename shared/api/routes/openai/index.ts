/** The routes that OpenAI clients speak to: models, chat completions, responses, embeddings. */
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { type Api, newRoutes } from '../../route.ts';
import type { RunWork } from '../../work.ts';
import { chatRoutes } from './chat.ts';
import { embeddingRoutes } from './embeddings.ts';
import { modelRoutes } from './models.ts';
import { responseRoutes } from './responses.ts';

export { insteadOf, isOpenAi, openAiStatus, toOpenAiError } from './errors.ts';

export function openAiRoutes(system: System, run: RunWork, logger: Logger): Api {
  const routes = newRoutes();
  routes.route('/', modelRoutes(system));
  routes.route('/', chatRoutes(system, run, logger));
  routes.route('/', responseRoutes(system, run, logger));
  routes.route('/', embeddingRoutes(system, run));
  return routes;
}
