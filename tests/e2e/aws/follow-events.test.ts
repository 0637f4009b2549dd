/** The way in as users go it: a presigned upload, and the function that is told of it by SQS. */
import { createHash } from 'node:crypto';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { handler as ingestHandler } from '../../../functions/ingest/handler.ts';
import type { UploadTicket } from '../../../shared/pipeline/intake/uploads.ts';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, startCloud } from '../../support/aws/cloud.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { testModel } from '../../support/models.ts';
import { FERRY, LIGHTHOUSE } from '../../support/product/texts.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const keyOf = (name: string) => `documents/acme/default/${name}`;

describeWith(CLOUD, 'uploads and their events', () => {
  let cloud: Cloud;
  let opened: Opened;
  let handler: typeof ingestHandler;
  beforeAll(async () => {
    await testModel('w8a8');
    cloud = await startCloud({ BLOCKRAG_LOG: 'silent', BLOCKRAG_MAX_DOCUMENT_BYTES: '10000' });
    opened = await openInProcess(cloud, { works: true });
    // Opens what the environment names as it is loaded.
    ({ handler } = await import('../../../functions/ingest/handler.ts'));
  });
  afterAll(async () => {
    await opened?.close();
    await cloud?.stop();
  });

  const upload = (name: string, text: string) => ({
    ...{ tenant: 'acme', collection: 'default', name, mediaType: 'text/markdown' },
    ...{ metadata: { author: 'Zoë', year: 1871, draft: false } },
    ...{ bytes: Buffer.byteLength(text), sha256: sha256(text) },
  });
  const send = ({ url, headers, method }: UploadTicket, body: string) =>
    fetch(url!, { method, headers: headers!, body });

  const created = (name: string, key = keyOf(name)) => ({
    messageId: name,
    body: JSON.stringify({ 'detail-type': 'Object Created', detail: { object: { key, size: 1 } } }),
  });
  const rings = async () => {
    const { Attributes } = await cloud.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: cloud.doorbell,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Number(Attributes?.ApproximateNumberOfMessages);
  };

  it('a presigned upload becomes a document with the metadata that were signed', async () => {
    const ticket = await opened.system.uploads.create(upload('signed.md', FERRY));
    expect(ticket.expires).toBeGreaterThan(Date.now());
    expect((await send(ticket, FERRY)).status).toBe(200);
    expect(await handler({ Records: [created('signed.md')] })).toEqual({ batchItemFailures: [] });
    expect(await opened.settled(keyOf('signed.md'))).toMatchObject({
      status: 'ready',
      mediaType: 'text/markdown',
      metadata: { author: 'Zoë', year: 1871, draft: false },
      sha256: sha256(FERRY),
    });
  });

  it('other bytes than were announced are refused by the store', async () => {
    const ticket = await opened.system.uploads.create(upload('other.md', FERRY));
    const changed = FERRY.replace('noon', 'dawn');
    expect((await send(ticket, changed)).status).toBeGreaterThanOrEqual(400);
    // fetch says how many bytes it sends.
    const { 'content-length': __, ...unsized } = ticket.headers!;
    expect((await send({ ...ticket, headers: unsized }, `${FERRY}more`)).status).toBe(403);
    const { 'x-amz-meta-blockrag': _, ...unsigned } = ticket.headers!;
    expect((await send({ ...ticket, headers: unsigned }, FERRY)).status).toBe(403);
    const elsewhere = ticket.url!.replace('other.md', 'another.md');
    expect((await send({ ...ticket, url: elsewhere }, FERRY)).status).toBe(403);
    expect(await cloud.objects('documents', 'documents/acme/default/')).toEqual([keyOf('signed.md')]);
  });

  it('an upload that is announced as too large is refused at once', async () => {
    const large = { ...upload('large.md', FERRY), bytes: 10_001 };
    await expect(opened.system.uploads.create(large)).rejects.toMatchObject({ code: 'document_too_large' });
  });

  it('of messages handed over together only those fail that cannot be followed, and the workers are woken', async () => {
    await cloud.put(keyOf('good.md'), LIGHTHOUSE);
    await cloud.put(keyOf('better.md'), `${LIGHTHOUSE}\nIt is painted white and red.\n`);
    const before = await rings();
    const { batchItemFailures } = await handler({
      Records: [
        created('good.md'),
        { messageId: 'no JSON', body: '{' },
        created('no tenant', 'documents/No Tenant/x.md'),
        { messageId: 'no object', body: JSON.stringify({ 'detail-type': 'Object Created', detail: {} }) },
        created('better.md'),
      ],
    });
    expect(batchItemFailures).toEqual([
      { itemIdentifier: 'no JSON' },
      { itemIdentifier: 'no tenant' },
      { itemIdentifier: 'no object' },
    ]);
    expect(await rings()).toBe(before + 1);
    expect(await opened.settled(keyOf('good.md'))).toMatchObject({ status: 'ready' });
    expect(await opened.settled(keyOf('better.md'))).toMatchObject({ status: 'ready' });
  });

  it('messages that all fail wake nobody', async () => {
    const before = await rings();
    expect(await handler({ Records: [{ messageId: 'no JSON', body: '' }] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'no JSON' }],
    });
    expect(await rings()).toBe(before);
  });
});
