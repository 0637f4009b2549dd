/** /v1/documents: add, list, look at, follow, delete; one by one or many at once. */
import type { Blockrag } from '../../../pipeline/blockrag.ts';
import type { Logger } from '../../../telemetry.ts';
import { type Api, newRoutes } from '../../route.ts';
import { addRoutes } from './add.ts';
import { bulkRoutes } from './bulk.ts';
import { eventRoutes } from './events.ts';
import { readRoutes } from './read.ts';

/** @param stopping aborted when the server must end what it still answers */
export function documentRoutes(blockrag: Blockrag, stopping: AbortSignal, logger: Logger): Api {
  const routes = newRoutes();
  routes.route('/', addRoutes(blockrag));
  routes.route('/', bulkRoutes(blockrag));
  routes.route('/', readRoutes(blockrag));
  routes.route('/', eventRoutes(blockrag, stopping, logger));
  return routes;
}
