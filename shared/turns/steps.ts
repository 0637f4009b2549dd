/**
 * Long work is written as an async generator that yields between steps (a chunk, a token), so that whoever runs
 * it can take turns or stop. See scheduler.ts.
 */
export type Steps<T> = AsyncGenerator<Pause | undefined, T>;

/** Yielded by work that waits for something: others have their turns until it has settled. */
export interface Pause {
  until: Promise<unknown>;
}

/** Runs all steps at once. */
export async function drain<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
    await step.value?.until;
  }
}
