/**
 * The worker as a process: the command of a Batch job. It works until nothing is left for a while. SIGTERM (a spot
 * machine that is taken back) and its own deadline end it after the step under way, with an exit code that asks for
 * another try. The deadline is there because Batch does not try again what it has ended itself.
 */
import { placementOf, requirePlacement } from '../../shared/attention/preflight.ts';
import { loadCloudConfig, loadConfig } from '../../shared/config.ts';
import { Worker } from '../../shared/pipeline/work/worker.ts';
import { openStage } from '../aws.ts';

/** "Try again" (sysexits.h): infra's retry strategy names it. */
const TRY_AGAIN = 75;
/** What a lost machine had in hand comes back after this. */
const { leaseMs, provider, threads } = loadConfig({}, process.env);
/** Longer than a lease: a worker that ends before would leave what another one lost to nobody. */
const idleMs = Number(process.env.BLOCKRAG_IDLE_MS ?? leaseMs + 30_000);

const { jobSeconds } = loadCloudConfig(process.env);
/** The longest that SQS waits: by then Batch has begun the next try, or given the job up. */
const LOOK_AFTER_SECONDS = 900;
const REPORT_MS = 60_000;

const { system, dispatch, report } = await openStage({ name: 'batch', wakes: false });
const { logger, model } = system.services;
if (provider !== 'cpu') {
  // On a GPU that does not do the work a job would cost more and take longer: it fails, and the CPU queue takes over.
  const kernels = await placementOf(model, { provider, threads });
  logger.info({ provider, kernels }, 'kernels placed');
  requirePlacement(kernels, provider);
}
let failed = false;
let stopped: Promise<void> | undefined;
const worker = new Worker(system.services, {
  failed: () => {
    failed = true;
  },
  idleMs,
  leaseMs,
});

/** Before the step under way has ended: it may take longer than this process lives. */
async function stop(reason: string): Promise<void> {
  logger.info({ reason }, 'the worker stops before its work is done');
  void worker.stop();
  await dispatch.lookAfter(LOOK_AFTER_SECONDS).catch((error: unknown) => {
    logger.error({ err: error }, 'nobody could be asked to look after the work');
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stopped ??= stop(signal);
  });
}
const reports = setInterval(() => void report(), REPORT_MS);
const deadline = setTimeout(() => (stopped ??= stop('deadline')), jobSeconds * 1000);
await worker.ended;
clearTimeout(deadline);
clearInterval(reports);
await report();
if (failed) stopped ??= stop('failure');
await stopped;
await system.close();
process.exitCode = stopped === undefined ? 0 : TRY_AGAIN;
