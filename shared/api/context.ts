/** What middleware leaves in a request's context for the routes. */
import type { Scope } from '../access/keys.ts';

/** Who asks. */
export interface Caller {
  tenant: string;
  scopes: readonly Scope[];
  /** Id of the API key; null where none is asked for. */
  key: string | null;
}

export interface ApiEnv {
  Variables: {
    requestId: string;
    caller: Caller;
    /** Aborted when nobody waits for the answer any more: work for it ends, and what it took is freed. */
    left: AbortController;
    /** Set by a streamed answer: settles at its end, with what was thrown if it failed. */
    streamed: Promise<unknown>;
  };
}
