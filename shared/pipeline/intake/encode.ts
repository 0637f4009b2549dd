/** The last step for a new document: its passages become KV blobs, and once all are durable it is indexed. */
import { inRuns } from '../../attention/runs.ts';
import type { BlobUser } from '../../catalog/blobs.ts';
import { progressed, ready } from '../../catalog/document-transitions.ts';
import type { Services } from '../services.ts';
import { blobPath, keyOf, prefaceUser } from '../stored-kv/location.ts';
import { storeKv, useKv } from '../stored-kv/store-kv.ts';
import { type EncodeWork, retireItems, TIDY_ITEM, type VersionRef } from '../work/items.ts';
import { indexVersion } from './index-version.ts';
import { ownDocument } from './make-again.ts';
import { pendingDocument, retireLate, updatePending } from './pending.ts';
import type { SubmitServices } from './submit.ts';

type KvServices = Pick<Services, 'catalog' | 'blobs' | 'budget' | 'engine' | 'dtype'>;

/** What encoding and finishing a version works with. */
export type EncodeServices = KvServices &
  SubmitServices &
  Pick<
    Services,
    'embedder' | 'fingerprint' | 'index' | 'metrics' | 'model' | 'queue' | 'template' | 'tokenizer'
  >;

/** Encodes a batch of passages; the batch that completes the version also finishes it. */
export async function encodeBatch(
  services: EncodeServices,
  work: EncodeWork,
  signal: AbortSignal,
): Promise<void> {
  const { catalog } = services;
  const document = await ownDocument(services, work);
  if (document === undefined) return;
  const indices = Array.from({ length: work.to - work.from }, (_, i) => work.from + i);
  const found = await catalog.passages.getMany(indices.map((index) => ({ ...work, index })));
  const rows = found.filter((row) => row !== undefined);
  await useKv(
    services,
    rows.map(({ blobKey }) => blobKey),
    work,
  );
  // Retired before it was recorded: nobody else would take that back.
  if ((await pendingDocument(services, work)) === undefined) return retireLate(services, work);
  const blocks = rows.map(({ blobKey, tokens }) => ({ key: blobKey, tokens }));
  await ensureBlobs(services, work.tenant, work, blocks, signal);
  const encoded = await catalog.passages.putBatch(
    work.document,
    work.version,
    work.batch,
    work.to - work.from,
  );
  const row = await updatePending(services, work, (current) => progressed(current, encoded));
  if (row === undefined) return retireLate(services, work);
  if (encoded >= document.passages) await finishVersion(services, work, signal);
}

/** Computes and stores the blobs of blocks that are not stored. Their use must be recorded (`useKv`). */
async function ensureBlobs(
  services: KvServices,
  tenant: string,
  user: BlobUser,
  blocks: readonly { key: string; tokens: Uint32Array }[],
  signal: AbortSignal,
): Promise<void> {
  const { engine, dtype } = services;
  let storing: Promise<unknown> = Promise.resolve();
  for (const run of inRuns(await missingBlocks(services, tenant, blocks), engine.sharedRun)) {
    const objects = await engine.encode({ tenant, blocks: run, dtype }, signal);
    // One run's blobs are written while the next is computed.
    await storing;
    storing = Promise.all(
      run.map(({ key, tokens }, i) =>
        storeKv(services, { tenant, key, tokens: tokens.length, object: objects[i]! }, user),
      ),
    );
    storing.catch(() => {});
  }
  await storing;
}

/** Each block once that has no blob; those that have one count as used just now. */
async function missingBlocks<T extends { key: string }>(
  { catalog, blobs, budget }: KvServices,
  tenant: string,
  blocks: readonly T[],
): Promise<T[]> {
  const different = [...new Map(blocks.map((block) => [block.key, block])).values()];
  const known = await Promise.all(
    different.map(async ({ key }) => (await catalog.blobs.has(key)) && blobs.has(blobPath(tenant, key))),
  );
  return different.filter(({ key }, i) => {
    if (known[i]) budget.touch(key);
    return !known[i];
  });
}

/** Indexes a version whose blobs are all durable, and switches the document to it in one conditional write. */
async function finishVersion(services: EncodeServices, ref: VersionRef, signal: AbortSignal): Promise<void> {
  const { queue, template, fingerprint } = services;
  const { tenant } = ref;
  const document = await pendingDocument(services, ref);
  if (document === undefined) return;
  const user = prefaceUser(fingerprint);
  const key = keyOf(services, tenant, template.preface);
  await useKv(services, [key], user);
  await ensureBlobs(services, tenant, user, [{ key, tokens: template.preface }], signal);
  await indexVersion(
    services,
    { ...ref, collection: document.collection, metadata: document.metadata },
    signal,
  );
  const row = await updatePending(services, ref, (current) => ready(current, fingerprint));
  if (row === undefined) return retireLate(services, ref);
  services.metrics.documentReady();
  await queue.send([...retireItems(row), TIDY_ITEM]);
}
