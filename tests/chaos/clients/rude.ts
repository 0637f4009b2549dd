/** Clients that are slow, leave in the middle, or speak no proper HTTP or JSON. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { documentsOf } from '../observe.ts';
import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import { questionOf, TENANTS, textOf } from '../texts.ts';

type Rude = (scene: Scene, random: Random) => Promise<void>;

/** One of them, for a moment. */
export async function beRude(scene: Scene, random: Random): Promise<void> {
  const [name, rude] = random.pick(Object.entries(RUDE));
  scene.count(`rude: ${name}`);
  await rude(scene, random).catch(() => {});
}

const RUDE: Record<string, Rude> = {
  'leaves in the middle of an answer': async (scene, random) => {
    const tenant = random.pick(TENANTS);
    const server = scene.world.caller(tenant, random.below(2));
    const body = { question: questionOf(tenant, '0-0'), stream: true, max_tokens: 64 };
    const left = AbortSignal.timeout(50 + random.below(500));
    await (await server?.post('/v1/query', body, left))?.text();
  },
  'follows documents and leaves': async (scene, random) => {
    const server = scene.world.caller(random.pick(TENANTS), random.below(2))!;
    const documents = await documentsOf(server);
    const follow = (method: string) => {
      const path = `/v1/documents/${random.pick(documents).id}/events`;
      return server.fetch(path, { method, signal: AbortSignal.timeout(random.below(1000)) });
    };
    await Promise.allSettled(Array.from({ length: 20 }, (_, i) => follow(i % 4 === 0 ? 'HEAD' : 'GET')));
  },
  'sends a body and stops in the middle': (scene, random) => {
    const head = 'POST /v1/documents HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    return raw(scene, random, [`${head}content-length: 100000\r\n\r\n{"name":"`, 'half'], 200);
  },
  'sends a head byte by byte': (scene, random) => {
    return raw(scene, random, [...'POST /v1/query HTTP/1.1\r\nhost: x\r\nx-slow: y'], 20);
  },
  'sends what is no HTTP': (scene, random) => {
    const bytes = Buffer.from(Array.from({ length: 300 }, () => random.below(256)));
    return raw(scene, random, [bytes, '\r\n\r\n'], 5);
  },
  'sends broken bodies': async (scene, random) => {
    const server = scene.world.caller(random.pick(TENANTS), random.below(2));
    const bodies: [string, string][] = [
      ['application/json', '{"name":'],
      ['application/json', '['.repeat(50_000)],
      ['application/json', '{"__proto__":{"name":"x"},"name":"x","text":7}'],
      ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nx'],
      ['multipart/form-data', 'x'],
      ['application/x-ndjson', '{}\n1\n"'],
    ];
    for (const [type, body] of random.shuffled(bodies)) {
      const path = type.includes('ndjson') ? '/v1/documents/bulk' : '/v1/documents';
      const response = await server?.fetch(path, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
        signal: AbortSignal.timeout(30_000),
      });
      const text = await response?.text();
      if (response !== undefined && response.status === 500 && text?.includes('"internal"')) {
        scene.violate({ kind: 'internal', what: `a broken body: ${text.slice(0, 300)}` });
      }
    }
  },
  'asks for what is of another': async (scene, random) => {
    const [tenant, other] = random.shuffled(TENANTS) as [(typeof TENANTS)[number], (typeof TENANTS)[number]];
    const [server, theirs] = [tenant, other].map((who) => scene.world.caller(who, random.below(2)));
    for (const { id } of (await documentsOf(theirs!)).slice(0, 3)) {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/content'],
        ['GET', '/passages'],
        ['GET', '/events'],
        ['DELETE', ''],
      ]) {
        const response = await server!.fetch(`/v1/documents/${id}${path}`, { method: method! });
        const text = await response.text();
        if (response.status === 404 || response.status >= 429) continue;
        const what = `${tenant} asked ${method} ${path} of ${other}: ${response.status} ${text.slice(0, 200)}`;
        scene.violate({ kind: 'foreign', what });
      }
    }
  },
  'uploads and leaves at once': async (scene, random) => {
    const tenant = random.pick(TENANTS);
    // A collection of its own: nobody knows whether it comes to be.
    const body = { name: 'left', text: textOf(tenant, '0-0', 3), collection: 'left' };
    await scene.world.caller(tenant, random.below(2))?.post('/v1/documents', body, AbortSignal.timeout(2));
  },
};

async function raw(
  { world }: Scene,
  random: Random,
  pieces: readonly (string | Buffer)[],
  pauseMs: number,
): Promise<void> {
  const server = world.caller('operator', random.below(2));
  if (server === undefined) return;
  const socket: Socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {}).resume();
  for (const piece of pieces) {
    socket.write(piece);
    await delay(pauseMs);
  }
  socket.destroy();
}
