/** SQS messages that carry EventBridge events of the documents bucket: each object is followed (pipeline/intake/follow.ts). */
import { z } from 'zod';
import { isBlockragError } from '../../shared/errors.ts';
import { followObject } from '../../shared/pipeline/intake/follow.ts';
import { stageOpener } from '../aws.ts';

const eventSchema = z.object({
  'detail-type': z.enum(['Object Created', 'Object Deleted']),
  detail: z.object({ object: z.object({ key: z.string().min(1) }) }),
});

interface SqsEvent {
  Records: { messageId: string; body: string }[];
}

interface SqsResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

const open = stageOpener({ name: 'ingest', wakes: false });

/** Messages that failed come again, and after their last try lie in the dead-letter queue; the others are done. */
export async function handler(event: SqsEvent): Promise<SqsResponse> {
  const { system, documents, dispatch, report } = await open();
  const { services } = system;
  const batchItemFailures: SqsResponse['batchItemFailures'] = [];
  let accepted = 0;
  for (const { messageId, body } of event.Records) {
    try {
      const { detail } = eventSchema.parse(JSON.parse(body));
      await followObject(services, documents, detail.object.key, new AbortController().signal);
      accepted++;
    } catch (error) {
      // Neither the key nor the text: they are the user's.
      const code = isBlockragError(error) ? error.code : 'internal';
      services.metrics.failed(error);
      services.logger.error({ err: error, code, message: messageId }, 'an event could not be followed');
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  // Also for what was removed, or was retired by a new version.
  if (accepted > 0) await dispatch.callWorkers();
  await report();
  return { batchItemFailures };
}
