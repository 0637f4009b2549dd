/** The REST API as a Lambda behind API Gateway: streamed, or in one piece where the gateway cannot stream. */

import { createApp } from '../../shared/api/app.ts';
import { loadCloudConfig } from '../../shared/config.ts';
import { openStage } from '../aws.ts';
import { lambdaHandler } from './lambda.ts';
import { warmAhead } from './warm.ts';

// While the instance starts: model, index and connections are there before the first request, and stay.
const { system, report } = await openStage({ name: 'query', wakes: true });
await warmAhead(
  () => system.warm(),
  process.env,
  (error) => system.services.logger.error({ err: error }, 'the model could not be loaded ahead'),
);

const app = createApp(system, {
  loopbackOnly: false,
  // An instance is frozen or ended between requests, never asked to stop within one.
  stopping: new AbortController().signal,
});

export const handler = lambdaHandler(app, {
  streams: process.env.BLOCKRAG_TRANSFER !== 'BUFFERED',
  basePath: loadCloudConfig(process.env).basePath,
  ended: report,
});
