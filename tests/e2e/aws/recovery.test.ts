/** An index on S3 that is lost is made again from the catalog in DynamoDB. */

import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
});
