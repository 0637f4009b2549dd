/** The undisturbed run: a server of its own that gets what a world came to hold, and is asked the same. */
import { join } from 'node:path';
import { settled } from '../support/product/server.ts';
import { type AnswerSeen, judgeAnswer, type Violation } from './checks.ts';
import { documentsOf, seeAnswer } from './observe.ts';
import { editionOf, questionOf, TENANTS, textOf } from './texts.ts';
import { Servers } from './worlds/servers.ts';
import type { World } from './worlds/world.ts';

export class Twin {
  #servers: Servers;

  private constructor(servers: Servers) {
    this.#servers = servers;
  }

  static async open(folder: string): Promise<Twin> {
    const servers = new Servers(1, ['--data', join(folder, 'twin')], join(folder, 'twin-clock'));
    await servers.makeKeys();
    return new Twin(servers);
  }

  /** Asks both about every document. @returns the differences, and how many answers were compared */
  async compare(world: World): Promise<{ violations: Violation[]; answers: number }> {
    await this.#servers.start(0);
    const violations: Violation[] = [];
    let answers = 0;
    for (const tenant of TENANTS) {
      const [one, twin] = [world.caller(tenant, 0)!, this.#servers.caller(tenant, 0)!];
      const wanted = new Map<string, number>();
      for (const { id, name } of await documentsOf(one)) {
        const text = await (await one.fetch(`/v1/documents/${id}/content`)).text();
        const edition = editionOf(tenant, name, text);
        if (edition !== undefined) wanted.set(name, edition);
      }
      for (const { id, name } of await documentsOf(twin)) {
        if (!wanted.has(name)) await twin.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
      }
      for (const [name, edition] of wanted) {
        const body = { name, text: textOf(tenant, name, edition) };
        const { id } = (await (await twin.post('/v1/documents', body)).json()) as { id: string };
        await settled(twin, id);
      }
      for (const name of wanted.keys()) {
        const undisturbed: AnswerSeen = await seeAnswer(twin, tenant, name);
        const seen = await seeAnswer(one, tenant, name);
        violations.push(...judgeAnswer(questionOf(tenant, name), seen, undisturbed));
        answers++;
      }
    }
    for (const what of this.#servers.deaths.splice(0))
      violations.push({ kind: 'stuck', what: `undisturbed: ${what}` });
    return { violations, answers };
  }

  close(): Promise<void> {
    return this.#servers.close();
  }
}
