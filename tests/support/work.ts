import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Services } from '../../shared/pipeline/services.ts';
import { Worker } from '../../shared/pipeline/work/worker.ts';

/** Has a worker do what is in the queue, until nothing is left. */
export async function workAll(services: Services): Promise<void> {
  const worker = new Worker(services, { failed: (error) => expect(error).toBeUndefined() });
  for (;;) {
    const { waiting, leased } = await services.queue.counts();
    if (waiting + leased === 0) break;
    await sleep(5);
  }
  await worker.stop();
}
