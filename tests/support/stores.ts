/** Real stores in a temporary directory with stages that need no model: a passage is a line, a blob its key. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openAccess } from '../../shared/access/index.ts';
import { Catalog } from '../../shared/catalog/catalog.ts';
import { Metrics } from '../../shared/metrics.ts';
import type { NewDocument } from '../../shared/pipeline/intake/submit.ts';
import type { Services } from '../../shared/pipeline/services.ts';
import { KvBudget } from '../../shared/pipeline/stored-kv/budget.ts';
import type { IndexedPassage, PassageIndex } from '../../shared/retrieval/ports.ts';
import { openFsBlobStore } from '../../shared/storage/blobs/fs.ts';
import { openEnvironment } from '../../shared/storage/lmdb/environment.ts';
import { openTableQueue } from '../../shared/storage/queue/table.ts';
import { openLmdbTable } from '../../shared/storage/table/lmdb.ts';

export interface OpenedStores {
  /** The rest of what Services has must not be used. */
  services: Services;
  close(): Promise<void>;
}

export interface TestStoresOptions {
  kvBytes?: number;
  /** Waits before and after each call of the table and of the blob store, so that many of them interleave. */
  pause?: () => Promise<void>;
}

export async function openTestStores({ kvBytes, pause }: TestStoresOptions = {}): Promise<OpenedStores> {
  const directory = mkdtempSync(join(tmpdir(), 'blockrag-pipeline-'));
  const environment = await openEnvironment(join(directory, 'catalog'));
  const slow = <T extends object>(store: T) => (pause === undefined ? store : withPauses(store, pause));
  const rows = openLmdbTable(environment);
  const table = slow(rows);
  const blobs = slow(await openFsBlobStore(join(directory, 'blobs')));
  const catalog = new Catalog(table);
  const logger = pino({ level: 'silent' });
  const metrics = new Metrics();
  const services = {
    ...{ catalog, blobs, logger, metrics },
    access: openAccess(table, {
      documents: undefined,
      passages: undefined,
      bytes: undefined,
      tokensPerDay: undefined,
    }),
    queue: openTableQueue(rows, 'work', { maxAttempts: 10 }),
    budget: new KvBudget({ catalog, blobs, limit: kvBytes, logger }),
    fingerprint: 'model',
    dtype: 'int8',
    maxDocumentBytes: 1000,
    quarantineMs: 30 * 86_400_000,
    model: { manifest: { name: 'test', weightsHash: 'weights', ropeHash: 'rope' } },
    modelId: 'test',
    tokenizer: { hash: 'tokenizer' },
    template: { preface: Uint32Array.of(1, 2, 3) },
    reader: {
      dispose: async () => {},
      read: async (bytes: Uint8Array) => linesOf(new TextDecoder().decode(bytes)),
    },
    engine: {
      dispose: async () => {},
      sharedRun: 256,
      encode: async ({ blocks }: { blocks: { key: string }[] }) => {
        await sleep(2);
        return blocks.map(({ key }) => new TextEncoder().encode(key));
      },
    },
    embedder: {
      model: { id: 'none', unrelated: 0, english: true },
      dispose: async () => {},
      embed: async (texts: string[]) => texts.map(() => new Float32Array(1)),
    },
    index: memoryIndex(),
  };
  return {
    services: services as unknown as Services,
    close: async () => {
      metrics.close();
      await services.queue.close();
      await environment.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** An index that finds everything of a collection, in any order. */
function memoryIndex(): PassageIndex {
  const rows = new Map<string, IndexedPassage>();
  return {
    add: async (passages) => {
      for (const passage of passages) rows.set(passage.id, passage);
    },
    remove: async (document, version = '') => {
      for (const id of rows.keys()) if (id.startsWith(`${document}/${version}`)) rows.delete(id);
    },
    search: async ({ tenant, collection, limit }) =>
      [...rows.values()]
        .filter((row) => row.tenant === tenant && row.collection === collection)
        .slice(0, limit)
        .map(({ id, document, version }) => ({ id, document, version, score: 1, similarity: 1 })),
    counts: async () => {
      const counts = new Map<string, number>();
      for (const { document, version } of rows.values()) {
        counts.set(`${document}/${version}`, (counts.get(`${document}/${version}`) ?? 0) + 1);
      }
      return counts;
    },
    reset: async () => rows.clear(),
    optimize: async () => {},
    close: async () => {},
  };
}

/** A document with the fields that a test does not care about filled in. */
export function document(fields: Partial<NewDocument> & { name: string }): NewDocument {
  return {
    tenant: 't',
    collection: 'default',
    mediaType: undefined,
    bytes: new TextEncoder().encode(fields.name),
    ...fields,
  };
}

function linesOf(text: string) {
  const lines = text.split('\n');
  return {
    title: 'T',
    mediaType: 'text/plain',
    passages: lines.map((line) => ({
      ...{ title: 'T', text: line, page: undefined },
      tokens: Uint32Array.from(line, (character) => character.codePointAt(0)!),
    })),
  };
}

function withPauses<T extends object>(store: T, pause: () => Promise<void>): T {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      // A listing is no promise; overwriting what is on the disk has nothing to interleave with.
      if (typeof member !== 'function' || name === 'list') return bound(member, target);
      if (name === 'scrub') return async () => true;
      return async (...given: unknown[]) => {
        await pause();
        const result: unknown = await member.apply(target, given);
        await pause();
        return result;
      };
    },
  });
}

function bound(member: unknown, target: object): unknown {
  return typeof member === 'function' ? member.bind(target) : member;
}
