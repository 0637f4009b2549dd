/** The sweep as a Lambda on a schedule. What it does not get done in its time is the next one's. */
import { SWEEP_GRACE_MS, type SweepReport, sweep } from '../../shared/pipeline/sweep/sweep.ts';
import { stageOpener } from '../aws.ts';

/** Left of the invocation's time when it stops: the longest single step makes one table of the index anew. */
const MARGIN_MS = 60_000;

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** What an operator asks for; the schedule's event asks for nothing. */
interface SweepEvent {
  /** Take another embedding model, too, with which documents answer only once they are made again. */
  reencode?: boolean;
}

const open = stageOpener({ name: 'sweep', wakes: true });

export async function handler({ reencode }: SweepEvent, context: LambdaContext): Promise<SweepReport> {
  // The first try, without, has failed where that is needed.
  const { system, report } = await open().catch((error: unknown) => {
    if (reencode !== true) throw error;
    return open({ reencode });
  });
  const left = Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN_MS);
  const signal = AbortSignal.timeout(left);
  try {
    // This function alone does it: instances from before a deployment must not take the former settings again.
    await system.takeSettings();
    return await sweep(system.services, { graceMs: SWEEP_GRACE_MS, signal });
  } finally {
    await report();
  }
}
