/** Two servers on the same S3 (versitygw), DynamoDB and SQS. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { available } from '../../services/index.ts';
import { CLOUD, DATA, startCloud } from '../../support/aws/cloud.ts';
import { Servers } from './servers.ts';
import type { World } from './world.ts';

/** Whether the services that stand in for AWS are installed. */
export const hasCloud = () => CLOUD.every((service) => available()[service]);

/** @param clockFile belongs to it */
export async function openTwoServers(clockFile: string): Promise<World> {
  const cloud = await startCloud();
  const { BLOCKRAG_TABLE: table, BLOCKRAG_PASSAGE_TOKENS: _, ...environment } = cloud.environment;
  const stores = `s3://${DATA}?table=${table}&wakes=${encodeURIComponent(cloud.doorbell)}`;
  const servers = new Servers(2, ['--stores', stores], clockFile, environment);
  // It makes what is missing in the bucket and the table.
  await servers.start(0, ['--create-stores']);
  await servers.makeKeys();
  return {
    kind: 'two servers',
    servers: servers.running,
    deaths: servers.deaths,
    hasClock: false,
    days: 0,
    data: undefined,
    hasDisk: false,
    start: (index, options) => servers.start(index, options),
    kill: (index) => servers.kill(index),
    stop: (index) => servers.stop(index),
    caller: (who, index) => servers.caller(who, index),
    async loseBlobs(choose) {
      const lost = choose(await cloud.objects(DATA, 'kv/'));
      for (const Key of lost) await cloud.s3.send(new DeleteObjectCommand({ Bucket: DATA, Key }));
      return lost.length;
    },
    async stored() {
      const objects: Record<string, number> = {};
      for (const kind of ['kv', 'originals', 'quarantine']) {
        objects[kind] = (await cloud.objects(DATA, `${kind}/`)).length;
      }
      return { objects, bytes: 0 };
    },
    async close() {
      await servers.close();
      await cloud.stop();
    },
  };
}
