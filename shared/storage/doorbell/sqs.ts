/** A doorbell on SQS: a message without content, which the queue's event source hands to a worker. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { BlockragError } from '../../errors.ts';
import type { Doorbell } from '../ports.ts';

/** @throws (when rung) BlockragError `storage_failed` */
export function openSqsBell(queueUrl: string): Doorbell {
  const client = new SQSClient();
  return {
    async ring({ afterSeconds = 0 } = {}) {
      try {
        await client.send(
          new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: '{}', DelaySeconds: afterSeconds }),
        );
      } catch (cause) {
        throw new BlockragError(
          'storage_failed',
          `The workers could not be woken: ${(cause as Error).message}`,
          { cause },
        );
      }
    },
    async close() {
      client.destroy();
    },
  };
}
