/** The use cases over the stores of AWS, opened in the test's own process, with a worker. */

import { openStage, type Stage } from '../../../functions/aws.ts';
import type { DocumentRow } from '../../../shared/catalog/catalog.ts';
import { followObject } from '../../../shared/pipeline/intake/follow.ts';
import { parseSourceKey } from '../../../shared/pipeline/intake/source-name.ts';
import { documentId } from '../../../shared/pipeline/intake/submit.ts';
import { Worker } from '../../../shared/pipeline/work/worker.ts';
import type { Cloud } from './cloud.ts';

export interface Opened extends Stage {
  /** What an event of that object does. */
  follow(key: string): Promise<number>;
  /** The document of an object, as its row is now. */
  document(key: string): Promise<DocumentRow | undefined>;
  /** Waits until nothing is left to be done, and gives the document of an object. */
  settled(key: string): Promise<DocumentRow | undefined>;
  close(): Promise<void>;
}

/** @param options.works whether a worker runs in this process */
export async function openInProcess(cloud: Cloud, options: { works: boolean }): Promise<Opened> {
  Object.assign(process.env, cloud.environment);
  const opened = await openStage({ name: 'query', wakes: false });
  const { services } = opened.system;
  let failure: unknown;
  const failed = (error: unknown) => {
    failure = error;
  };
  const worker = options.works ? new Worker(services, { failed }) : undefined;
  const document = (key: string) => {
    const { tenant, collection, name } = parseSourceKey(key);
    return services.catalog.documents.get(tenant, documentId(tenant, collection, name));
  };
  return {
    ...opened,
    follow: (key) => followObject(services, opened.documents, key, new AbortController().signal),
    document,
    async settled(key) {
      // Twice in a row: one count misses an item that another, finished meanwhile, has left in a shard read before.
      for (let idle = 0; idle < 2; ) {
        if (failure !== undefined) throw failure;
        const { waiting, leased } = await services.queue.counts();
        idle = waiting + leased === 0 ? idle + 1 : 0;
        if (idle === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return document(key);
    },
    async close() {
      await worker?.stop();
      await opened.system.close();
    },
  };
}
