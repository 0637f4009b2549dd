/** Another model, server by server, while questions come: none is refused, and each is answered by one model alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StatsView } from '../../shared/api/views/system.ts';
import { describeWith } from '../services/describe-with.ts';
import { CLOUD, type Cloud, DATA, startCloud } from '../support/aws/cloud.ts';
import { askServer, type Server, startServer, uploadText } from '../support/product/server.ts';

const PLACES = ['pier', 'mill', 'chapel', 'quarry', 'lighthouse', 'smithy'];
const textOf = (place: string, n: number) =>
  `# The ${place}\n\nThe ${place} of Grimsay was built in ${1801 + 7 * n} by the family of Keeper ${n + 3}.\n`;
const questionOf = (place: string) => `Who built the ${place} of Grimsay, and when?`;
const EVERY_MS = 200;

describeWith(CLOUD, 'servers that change to another model', () => {
  let cloud: Cloud;
  let stores: string;
  const servers: Server[] = [];
  const start = async (env: Record<string, string> = {}) => {
    const server = await startServer(undefined, { ...cloud.environment, ...env }, ['--stores', stores]);
    servers.push(server);
    return server;
  };
  const answerOf = async (server: Server, place: string) => {
    const { answer, citations } = await askServer(server, questionOf(place), { top_k: 1, max_tokens: 24 });
    expect(citations[0]).toMatchObject({ document: `${place}.md` });
    return answer;
  };
  const answersOf = async (server: Server) => {
    const answers = new Map<string, string>();
    for (const place of PLACES) answers.set(place, await answerOf(server, place));
    return answers;
  };
  const statsOf = async (server: Server) => (await (await server.fetch('/v1/stats')).json()) as StatsView;

  beforeAll(async () => {
    cloud = await startCloud();
    const { BLOCKRAG_TABLE: table } = cloud.environment;
    stores = `s3://${DATA}?table=${table}&wakes=${encodeURIComponent(cloud.doorbell)}`;
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    await cloud?.stop();
  });

  it('answer all the while, each with its own model', async () => {
    const former = await start();
    for (const [n, place] of PLACES.entries()) await uploadText(former, `${place}.md`, textOf(place, n));
    const before = await answersOf(former);

    const asked: { server: Server; place: string; answer: string }[] = [];
    const asking = [former];
    let changing = true;
    const ask = async () => {
      for (let n = 0; changing; n++) {
        const next = sleep(EVERY_MS);
        const [server, place] = [asking[n % asking.length]!, PLACES[n % PLACES.length]!];
        asked.push({ server, place, answer: await answerOf(server, place) });
        await next;
      }
    };
    const clients = Promise.all([ask(), ask()]);
    const latter = await start({ BLOCKRAG_ADAPTER: 'shipped', BLOCKRAG_OTHER_SETTINGS: 'reencode' });
    asking.push(latter);
    await expect.poll(async () => (await statsOf(latter)).outdated, { timeout: 120_000 }).toBe(0);
    await sleep(1_000);
    asking.splice(asking.indexOf(former), 1);
    await former.stop();
    await sleep(1_000);
    changing = false;
    await clients;

    const after = await answersOf(latter);
    expect(await statsOf(latter)).toMatchObject({ ready: PLACES.length, outdated: 0 });
    // Both models have answered, and they differ.
    expect(new Set(asked.map(({ server }) => server)).size).toBe(2);
    expect([...after]).not.toEqual([...before]);
    for (const { server, place, answer } of asked) {
      expect({ place, answer }).toEqual({ place, answer: (server === former ? before : after).get(place) });
    }
    // The stores remember the new one.
    const third = await start({ BLOCKRAG_ADAPTER: '' });
    expect([...(await answersOf(third))]).toEqual([...after]);
  }, 180_000);
});
