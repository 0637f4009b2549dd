/** Loading the model ahead of the first request. */

/**
 * Begins to load. An instance of provisioned concurrency waits for it: Lambda sends it requests as soon as its
 * initialisation has ended, and gives it as long as it takes. One on demand has ten seconds, so it does not wait.
 * @param failed told why it could not be loaded: the first request meets the same error, and tells it
 */
export async function warmAhead(
  load: () => Promise<void>,
  environment: Readonly<Record<string, string | undefined>>,
  failed: (error: unknown) => void,
): Promise<void> {
  const loading = load().catch(failed);
  if (environment.AWS_LAMBDA_INITIALIZATION_TYPE === 'provisioned-concurrency') await loading;
}
