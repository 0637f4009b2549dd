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
  /** Adopt the stage's settings although documents were made with others, and make these again (docs/guide/deploy.md). */
  reencode?: boolean;
}

const open = stageOpener({ name: 'sweep', wakes: true });

export async function handler({ reencode }: SweepEvent, context: LambdaContext): Promise<SweepReport> {
  // The first try, without, has failed where there is anything to adopt.
  const { system, report } = await open().catch((error: unknown) => {
    if (reencode !== true) throw error;
    return open({ reencode });
  });
  const left = Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN_MS);
  const signal = AbortSignal.timeout(left);
  try {
    return await sweep(system.services, { graceMs: SWEEP_GRACE_MS, signal });
  } finally {
    await report();
  }
}
