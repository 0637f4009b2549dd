/** What the costs are computed from: requests to S3 and DynamoDB, counted between the code and their stand-ins. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentRequests, requestLines, total } from '../../../infra/costs/bill.ts';
import { REQUESTS, type Requests } from '../../../infra/costs/measured.ts';
import { GREEDY } from '../../../shared/attention/sampling.ts';
import { Catalog } from '../../../shared/catalog/catalog.ts';
import { openDynamoTable } from '../../../shared/storage/table/dynamodb.ts';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, startCloud } from '../../support/aws/cloud.ts';
import { type Counted, startCounted } from '../../support/aws/counted.ts';
import { type Opened, openInProcess } from '../../support/aws/opened.ts';
import { testModel } from '../../support/models.ts';
import { manyPassages } from '../../support/product/texts.ts';

const TENANT = 'acme';
const PASSAGES = 20;

describeWith(CLOUD, 'what is asked of the stores', () => {
  let cloud: Cloud;
  let counted: Counted;
  let opened: Opened;
  /** Looks past the proxies. */
  let catalog: Catalog;
  beforeAll(async () => {
    await testModel('w8a8');
    // Nothing is kept in memory or on the disk, as on an instance that has not seen these blobs.
    cloud = await startCloud({ BLOCKRAG_HOT_BYTES: '0' });
    counted = await startCounted(cloud);
    const { environment } = cloud;
    catalog = new Catalog(
      openDynamoTable({
        table: environment.BLOCKRAG_TABLE!,
        client: {
          endpoint: environment.AWS_ENDPOINT_URL_DYNAMODB!,
          region: environment.AWS_REGION!,
          credentials: {
            accessKeyId: environment.AWS_ACCESS_KEY_ID!,
            secretAccessKey: environment.AWS_SECRET_ACCESS_KEY!,
          },
        },
      }),
    );
    opened = await openInProcess({ ...cloud, environment: counted.environment }, { works: true });
    await add(1);
  });
  afterAll(async () => {
    await opened?.close();
    await catalog?.table.close();
    await counted?.stop();
    await cloud?.stop();
  });

  /** Adds a document of 20 passages, waits until it is ready, and gives its number of passages. */
  async function add(n: number): Promise<number> {
    const text = manyPassages(PASSAGES, n * PASSAGES);
    const { id } = await opened.system.add({
      ...{ tenant: TENANT, collection: 'default', name: `${n}.md`, mediaType: 'text/markdown' },
      bytes: Buffer.from(text),
    });
    for (;;) {
      const row = await catalog.documents.get(TENANT, id);
      if (row?.status === 'failed') throw new Error(JSON.stringify(row));
      if (row?.status === 'ready') return row.passages;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Whether there were some, and no more requests of any kind than the costs have. */
  function expectWithin(counts: Requests, limits: Requests): void {
    for (const name of Object.keys(counts) as (keyof Requests)[]) {
      expect(counts[name], name).toBeLessThanOrEqual(limits[name]);
    }
    expect(counts.s3Gets).toBeGreaterThan(0);
    expect(counts.dynamoReads).toBeGreaterThan(0);
    expect(total(requestLines(1000, counts))).toBeLessThanOrEqual(total(requestLines(1000, limits)));
  }

  it('by a document is no more than its costs are computed from', async () => {
    counted.take();
    const passages = await add(2);
    const counts = counted.take();
    expect(passages).toBeGreaterThanOrEqual(PASSAGES);
    expectWithin(counts, documentRequests(REQUESTS, passages));
  });

  it('by a warm question with eight passages is no more than its costs are computed from', async () => {
    const ask = (n: number) =>
      opened.system.ask({
        tenant: TENANT,
        collection: 'default',
        question: `What was seen near the pier on day ${n}?`,
        attention: 'block',
        topK: 8,
        maxTokens: 8,
        stop: [],
        sampling: GREEDY,
      });
    await ask(7);
    counted.take();
    const { usage } = await ask(14);
    expect(usage.encodedTokens).toBe(0);
    expectWithin(counted.take(), REQUESTS.question);
  });
});
