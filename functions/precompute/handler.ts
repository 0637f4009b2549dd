/** The worker as a Lambda: woken by a message, it works until nothing is left or its time is nearly over. */
import { LEASE_MS, Worker } from '../../shared/pipeline/work/worker.ts';
import { stageOpener } from '../aws.ts';

/** Left of the invocation's time when no more work is begun; the upkeep of a large index may take longer. */
const MARGIN_MS = 60_000;
const IDLE_MS = 1_000;

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const open = stageOpener({ name: 'precompute', wakes: false });

export async function handler(_event: unknown, context: LambdaContext): Promise<void> {
  const { system, dispatch, report } = await open();
  const { services } = system;
  // One invocation does the work that several were called for: the others do not stay for more.
  if ((await services.queue.backlog(1)) === 0) return;
  // Should this invocation die, what it has in hand can be taken up then.
  await dispatch.lookAfter(Math.ceil((context.getRemainingTimeInMillis() + LEASE_MS) / 1000));
  let failure: unknown;
  const worker = new Worker(services, { failed: (error) => (failure = error), idleMs: IDLE_MS });
  const left = Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN_MS);
  const timer = setTimeout(() => void worker.stop(), left);
  await worker.ended;
  clearTimeout(timer);
  await report();
  if (failure !== undefined) throw failure;
  // What is left waits for its time to be tried again, or for more workers than this one.
  if ((await services.queue.backlog(1)) > 0) await dispatch.callWorkers();
}
