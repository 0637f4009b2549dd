/** The doorbell of the workers on SQS. */
import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { doorbellContract } from '../../shared/storage/contracts/doorbell.ts';
import { openSqsBell } from '../../shared/storage/doorbell/sqs.ts';
import { describeWith } from '../services/describe-with.ts';
import { type Service, startMinistack } from '../services/index.ts';

describeWith(['ministack'], 'the doorbell on ministack', () => {
  let service: Service;
  let client: SQSClient;
  beforeAll(async () => {
    service = await startMinistack();
    const { endpoint, region, credentials } = service;
    client = new SQSClient({ endpoint, region, credentials });
    // The driver finds its service as in Lambda: by the environment.
    vi.stubEnv('AWS_ENDPOINT_URL_SQS', endpoint);
    vi.stubEnv('AWS_REGION', region);
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    client?.destroy();
    await service?.stop();
  });

  const queue = async (QueueName: string) =>
    (await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
  const received = async (QueueUrl: string) => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    return Messages.map(({ Body }) => Body);
  };

  const open = async () => {
    const url = await queue(randomUUID());
    const heard = async () => {
      const bodies = await received(url);
      // It says nothing.
      for (const body of bodies) expect(body).toBe('{}');
      return bodies.length;
    };
    return { bell: openSqsBell(url), heard };
  };
  for (const { name, run } of doorbellContract(open)) it(name, run);

  it('that nobody can hear is an error', async () => {
    const url = await queue('gone');
    await client.send(new DeleteQueueCommand({ QueueUrl: url }));
    const bell = openSqsBell(url);
    await expect(bell.ring()).rejects.toMatchObject({ code: 'storage_failed' });
    await bell.close();
  });
});
