/** /v1/documents: add, list, look at, follow, delete; one by one or many at once. */
import type { System } from '../../../pipeline/system.ts';
import type { Logger } from '../../../telemetry.ts';
import { type Api, newRoutes } from '../../route.ts';
import { addRoutes } from './add.ts';
import { bulkRoutes } from './bulk.ts';
import { eventRoutes } from './events.ts';
import { readRoutes } from './read.ts';

/** @param stopping aborted when the server must end what it still answers */
export function documentRoutes(system: System, stopping: AbortSignal, logger: Logger): Api {
  const routes = newRoutes();
  routes.route('/', addRoutes(system));
  routes.route('/', bulkRoutes(system));
  routes.route('/', readRoutes(system));
  routes.route('/', eventRoutes(system, stopping, logger));
  return routes;
}
