/**
 * The worker as a process: the command of a Batch job. It works until nothing is left for a while. SIGTERM (a spot
 * machine that is taken back) ends it after the step under way, with an exit code that asks for another try.
 */
import { loadConfig } from '../../shared/config.ts';
import { Worker } from '../../shared/pipeline/work/worker.ts';
import { openStage } from '../aws.ts';

/** "Try again" (sysexits.h): infra's retry strategy names it. */
const TRY_AGAIN = 75;
/** What a lost machine had in hand comes back after this. */
const { leaseMs } = loadConfig({}, process.env);
/** Longer than a lease: a worker that ends before would leave what another one lost to nobody. */
const idleMs = Number(process.env.BLOCKRAG_IDLE_MS ?? leaseMs + 30_000);

const { system } = await openStage({ wakes: false });
let failed = false;
let stopped = false;
const worker = new Worker(system.services, {
  failed: () => {
    failed = true;
  },
  idleMs,
  leaseMs,
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stopped = true;
    void worker.stop();
  });
}
await worker.ended;
await system.close();
process.exitCode = failed || stopped ? TRY_AGAIN : 0;
