/** Sends documents that were encoded with other settings to be encoded again. */
import { makeAgain } from '../intake/make-again.ts';
import type { SubmitServices } from '../intake/submit.ts';

/**
 * Sends a tenant's documents that were made with other settings through ingestion again, from their original bytes.
 * There are some after the system was opened to be reencoded, also when that was interrupted. Where another process
 * has meanwhile been opened with other settings nothing is sent: it would be outdated there.
 * @returns how many were sent
 */
export async function requeueOutdated(
  services: SubmitServices,
  tenant: string,
  signal?: AbortSignal,
): Promise<number> {
  const { catalog, fingerprint } = services;
  let sent = 0;
  if ((await catalog.settings.get())?.fingerprint !== fingerprint) return sent;
  for await (const document of catalog.documents.every(tenant)) {
    signal?.throwIfAborted();
    const { version, pending } = document;
    // What failed with these settings would fail again: its document waits to be added again.
    const tried = pending !== null || document.status === 'failed';
    const made = tried ? document.pendingFingerprint : document.fingerprint;
    const source = pending ?? version;
    if (document.status === 'deleting' || source === null || made === fingerprint) continue;
    if (await makeAgain(services, document)) sent++;
  }
  return sent;
}
