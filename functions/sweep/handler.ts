/** The sweep as a Lambda on a schedule. What it does not get done in its time is the next one's. */
import { openCloud } from '../../shared/pipeline/cloud.ts';
import { SWEEP_GRACE_MS, type SweepReport, sweep } from '../../shared/pipeline/sweep.ts';

/** Left of the invocation's time when it stops: the longest single step compacts the index. */
const MARGIN_MS = 60_000;

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

const opened = openCloud({ wakes: true });
opened.catch(() => {});

export async function handler(_event: unknown, context: LambdaContext): Promise<SweepReport> {
  const { blockrag } = await opened;
  const left = Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN_MS);
  const signal = AbortSignal.timeout(left);
  return sweep(blockrag.services, { graceMs: SWEEP_GRACE_MS, signal });
}
