/** How commands are run; program.ts says what is done around them. */

/** What a command does: its exit code. The last argument ends it. */
export type Action<A extends unknown[]> = (...args: [...A, AbortSignal]) => Promise<number>;
/** Wraps a command: its module is loaded when it runs, its error is one line, its exit code is set. */
export type Run = <A extends unknown[]>(
  load: () => Promise<Action<A>>,
) => (...given: unknown[]) => Promise<void>;
