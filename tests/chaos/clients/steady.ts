/** Clients that do what users do, one operation after the other: each knows what it was told. */
import { setTimeout as delay } from 'node:timers/promises';
import { judgeForeign } from '../checks.ts';
import type { Random } from '../random.ts';
import type { Scene } from '../scene.ts';
import { NAMES, questionOf, type Tenant, textOf } from '../texts.ts';

const TIMEOUT_MS = 90_000;

export class SteadyClient {
  #scene: Scene;
  #tenant: Tenant;
  #lane: number;
  #random: Random;
  /** Editions rise over the whole run. */
  #nextEdition: () => number;
  /** Ids by name, of uploads that were acknowledged. */
  #ids: Map<string, string>;

  constructor(
    scene: Scene,
    {
      tenant,
      lane,
      nextEdition,
      ids,
    }: {
      tenant: Tenant;
      lane: number;
      nextEdition: () => number;
      ids: Map<string, string>;
    },
  ) {
    this.#scene = scene;
    this.#tenant = tenant;
    this.#lane = lane;
    this.#random = scene.random.fork();
    this.#nextEdition = nextEdition;
    this.#ids = ids;
  }

  /** Does one thing, or waits a little where no server runs. */
  async step(): Promise<void> {
    const name = `${this.#lane}-${this.#random.below(NAMES)}`;
    const chance = this.#random.next();
    const done = await (chance < 0.45
      ? this.upload(name)
      : chance < 0.55
        ? this.remove(name)
        : chance < 0.8
          ? this.#read('/v1/query', { question: questionOf(this.#tenant, name), max_tokens: 8, top_k: 1 })
          : this.#read('/v1/search', { query: questionOf(this.#tenant, name), top_k: 5 }));
    if (!done) await delay(100);
  }

  async upload(name: string): Promise<boolean> {
    const edition = this.#nextEdition();
    const { model } = this.#scene;
    const body = { name, text: textOf(this.#tenant, name, edition) };
    const answer = await this.#send('POST', '/v1/documents', body, () => {
      model.attempt(this.#tenant, name, edition);
    });
    if (answer?.status !== 202) return false;
    model.acknowledge(this.#tenant, name, edition);
    this.#ids.set(`${this.#tenant}/${name}`, (JSON.parse(answer.text) as { id: string }).id);
    return true;
  }

  async remove(name: string): Promise<boolean> {
    const key = `${this.#tenant}/${name}`;
    const id = this.#ids.get(key);
    if (id === undefined) return false;
    const { model } = this.#scene;
    const answer = await this.#send('DELETE', `/v1/documents/${id}`, undefined, () => {
      model.attempt(this.#tenant, name, 'absent');
    });
    if (answer?.status !== 204) return false;
    model.acknowledge(this.#tenant, name, 'absent');
    return true;
  }

  async #read(path: string, body: object): Promise<boolean> {
    return (await this.#send('POST', path, body))?.status === 200;
  }

  async #send(method: string, path: string, body?: object, begin = () => {}) {
    const { world, count, violate } = this.#scene;
    const server = world.caller(this.#tenant, this.#random.below(world.servers.length));
    if (server === undefined) return undefined;
    begin();
    try {
      const response = await server.fetch(path, {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      count(`${method} ${response.status}`);
      violate(...judgeForeign(this.#tenant, text));
      if (response.status === 500 && text.includes('"internal"')) {
        violate({ kind: 'internal', what: `${method} ${path}: ${text.slice(0, 300)}` });
      }
      return { status: response.status, text };
    } catch (error) {
      const late = (error as Error).name === 'TimeoutError';
      if (late && server.pid !== undefined) count('timeouts');
      else count('connections lost');
      return undefined;
    }
  }
}
