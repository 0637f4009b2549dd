/** Looks at what a world holds and answers, as its clients see it. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { FoundPassageView } from '../../shared/api/views/search.ts';
import { askServer, type Server } from '../support/product/server.ts';
import { type AnswerSeen, type Held, judgeForeign, type Seen, type Violation } from './checks.ts';
import { editionOf, questionOf, type Tenant } from './texts.ts';
import type { World } from './worlds/world.ts';

/** Work that is not done by then will never be. */
const IDLE_MS = 240_000;

/** Waits until nothing is left to be done. @returns what there is left after that time */
export async function idle(world: World): Promise<Violation[]> {
  const until = Date.now() + IDLE_MS;
  for (;;) {
    const work = await world.caller('operator', 0)!.work();
    if (work.waiting + work.leased === 0) return [];
    if (Date.now() > until) return [{ kind: 'stuck', what: `work does not end: ${JSON.stringify(work)}` }];
    await delay(100);
  }
}

/** The documents of a tenant in the collection of the model. */
export async function documentsOf(server: Server): Promise<DocumentView[]> {
  const response = await server.fetch('/v1/documents?collection=default&limit=1000');
  if (!response.ok) throw new Error(`documents: ${await response.text()}`);
  return ((await response.json()) as { documents: DocumentView[] }).documents;
}

/** Each document with its original and a search for it; and what was foreign in that. */
export async function seeDocuments(
  server: Server,
  tenant: Tenant,
): Promise<{ seen: Seen[]; violations: Violation[] }> {
  const seen: Seen[] = [];
  const violations: Violation[] = [];
  const read = async (response: Promise<Response>): Promise<string> => {
    const text = await (await response).text();
    violations.push(...judgeForeign(tenant, text));
    return text;
  };
  for (const { id, name, status, error } of await documentsOf(server)) {
    const edition = editionOf(tenant, name, await read(server.fetch(`/v1/documents/${id}/content`)));
    const search = { query: questionOf(tenant, name), top_k: 10 };
    const { passages = [] } = JSON.parse(await read(server.post('/v1/search', search))) as {
      passages?: FoundPassageView[];
    };
    const own = passages.filter(({ document }) => document === name).map(({ text }) => text);
    const found = own.length > 0 && own.every((text) => text.includes(`edition ${edition} `));
    seen.push({ name, edition, status, error: error?.code ?? null, found });
  }
  return { seen, violations };
}

/** What of an answer is compared with that of an undisturbed run. */
export async function seeAnswer(server: Server, tenant: Tenant, name: string): Promise<AnswerSeen> {
  const { answer, citations } = await askServer(server, questionOf(tenant, name), { top_k: 1 });
  return { answer, citations };
}

/** What a process holds. */
export function heldBy(pid: number): Held {
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { rss: Number(rss?.[1]) * 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
}
