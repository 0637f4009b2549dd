/** What is lost of the stores on S3 and DynamoDB is made again: the index from the catalog, the catalog from the originals. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoTable } from '../../../shared/storage/table/dynamodb-create.ts';
import { describeWith } from '../../services/describe-with.ts';
import { CLOUD, type Cloud, DATA, startCloud } from '../../support/aws/cloud.ts';
import { blockragJson } from '../../support/product/command.ts';
import { askServer, type Server, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';

describeWith(CLOUD, 'stores on S3 and DynamoDB', () => {
  let cloud: Cloud;
  let server: Server;
  let answer: string;
  const storesWith = (table: string) => `s3://${DATA}?table=${table}`;
  const stores = () => storesWith(cloud.environment.BLOCKRAG_TABLE!);
  const start = (at: string) =>
    startServer(undefined, cloud.environment, ['--stores', at, '--create-stores']);
  const command = <T>(name: string, at: string) =>
    blockragJson<T>([name, '--stores', at], { env: cloud.environment });
  const loseIndex = async () => {
    for (const Key of await cloud.objects(DATA, 'retrieval/')) {
      await cloud.s3.send(new DeleteObjectCommand({ Bucket: DATA, Key }));
    }
    expect(await cloud.objects(DATA, 'retrieval/')).toEqual([]);
  };

  beforeAll(async () => {
    cloud = await startCloud();
    server = await start(stores());
    await uploadText(server, 'ferry.md', FERRY);
    await uploadText(server, 'lighthouse.md', LIGHTHOUSE, 'lights');
    ({ answer } = await askServer(server, QUESTION));
  });
  afterAll(async () => {
    await server?.stop('SIGKILL');
    await cloud?.stop();
  });

  it('fill an index that is lost under a server again, and refuse to answer from nothing meanwhile', async () => {
    await server.stop();
    await loseIndex();
    server = await start(stores());
    for (;;) {
      const response = await server.post('/v1/query', { question: QUESTION, max_tokens: 8 });
      const body = await response.json();
      if (response.ok) {
        expect(body).toMatchObject({ answer, citations: [{ document: 'ferry.md' }] });
        return;
      }
      expect(body).toMatchObject({ status: 503, code: 'index_rebuilding' });
      await sleep(100);
    }
  });

  it('have their index made anew by "blockrag reindex"', async () => {
    const { passages } = await server.stats();
    await server.stop();
    await loseIndex();
    expect(await command('reindex', stores())).toMatchObject({ code: 0, value: { passages } });
    server = await start(stores());
    expect(await askServer(server, QUESTION)).toMatchObject({ answer });
  });

  it('have a table that is lost made again by "blockrag repair", with names and collections', async () => {
    await server.stop();
    const table = randomUUID();
    const of = cloud.environment;
    const credentials = { accessKeyId: of.AWS_ACCESS_KEY_ID!, secretAccessKey: of.AWS_SECRET_ACCESS_KEY! };
    const client = { endpoint: of.AWS_ENDPOINT_URL_DYNAMODB!, region: of.AWS_REGION!, credentials };
    await createDynamoTable({ table, client });
    const empty = storesWith(table);
    const report = await command('repair', empty);
    expect(report).toMatchObject({ code: 0, value: { documents: 2, unnamed: 0, failed: 0 } });
    server = await start(empty);
    // The command leaves the work to whoever has the stores open.
    while ((await server.stats()).ready < 2) await sleep(100);
    expect(await askServer(server, QUESTION)).toMatchObject({
      answer,
      citations: [{ document: 'ferry.md' }],
    });
    const asked = await askServer(server, 'Who built the lighthouse?', { collection: 'lights' });
    expect(asked.citations[0]?.document).toBe('lighthouse.md');
    expect(server.log()).not.toContain('catalog_mismatch');
  });
});
