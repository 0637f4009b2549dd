/** The blocks of one prompt: which passages fit, which blobs are stored, and storing those that were missing. */

import type { StoredObject } from '../../attention/answer.ts';
import type { AttentionMode } from '../../attention/modes.ts';
import type { StoredBlock } from '../../attention/protocol.ts';
import { BlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { blobPath, keyOf, prefaceUser } from '../stored-kv/location.ts';
import { storeKv } from '../stored-kv/store-kv.ts';
import { retireAgainItem } from '../work/items.ts';
import type { RetrievedPassage } from './retrieve.ts';

/**
 * As many of the passages, best first, as there is room for.
 * @param room tokens that the model's context has left beside the rest of the prompt and the answer
 * @throws BlockragError `prompt_too_long` when not one fits
 */
export function chooseFitting(
  room: number,
  found: readonly RetrievedPassage[],
): { passages: RetrievedPassage[]; dropped: number } {
  let left = room;
  const passages = found.filter(({ passage }) => {
    const fits = passage.tokens.length <= left;
    if (fits) left -= passage.tokens.length;
    return fits;
  });
  if (room < 0 || (passages.length === 0 && found.length > 0)) {
    throw new BlockragError(
      'prompt_too_long',
      "No passage fits into the model's context beside the question and the answer: shorten the question or the system text, or lower max_tokens.",
      { data: { room } },
    );
  }
  return { passages, dropped: found.length - passages.length };
}

/** What loading blocks, and keeping those that the store lacked, work with. */
export type LoadServices = Pick<Services, 'model' | 'tokenizer' | 'dtype' | 'blobs' | 'passing' | 'logger'>;
export type StoreServices = Pick<
  Services,
  'catalog' | 'blobs' | 'budget' | 'queue' | 'logger' | 'fingerprint'
>;

/** What was read of the store for one answer. */
export class BlobReads {
  hits = 0;
  misses = 0;
  bytes = 0;
  #first: number | undefined;
  #last = 0;

  /** Milliseconds from the first read's begin to the last one's end. */
  get ms(): number {
    return this.#first === undefined ? 0 : this.#last - this.#first;
  }

  async add(read: Promise<StoredObject>): Promise<StoredObject> {
    this.#first ??= performance.now();
    const object = await read;
    this.#last = performance.now();
    if (object === undefined) this.misses++;
    else this.hits++;
    this.bytes += object?.length ?? 0;
    return object;
  }
}

/** The blocks of the context; what the store has of them is read, and counted, when the engine asks for it. */
export function loadBlocks(
  services: LoadServices,
  tenant: string,
  attention: AttentionMode,
  tokens: readonly Uint32Array[],
): { blocks: StoredBlock[]; reads: BlobReads } {
  const reads = new BlobReads();
  const [first] = tokens;
  if (first === undefined) return { blocks: [], reads };
  const preface = keyOf(services, tenant, first);
  let start = 0;
  const blocks = tokens.map((block, i): StoredBlock => {
    const anchor = attention === 'anchor' && i > 0 ? { preface, start } : undefined;
    start += block.length;
    const key = keyOf(services, tenant, block, anchor);
    // Full attention computes everything anew: nothing is read.
    const read = () => reads.add(readObject(services, tenant, key));
    return { tokens: block, key, object: attention === 'full' ? undefined : read };
  });
  return { blocks, reads };
}

/** What is moved to the engine's thread must be a copy. */
async function readObject(
  { passing, blobs, logger }: LoadServices,
  tenant: string,
  key: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return passing.get(key)?.slice() ?? (await blobs.get(blobPath(tenant, key)));
  } catch (error) {
    // It can be computed anew, as a damaged one is.
    logger.warn({ blob: key, err: error }, 'a stored blob could not be read');
    return undefined;
  }
}

/** Keeps what the store lacked or had damaged. The answer does not depend on it: a failure is only logged. */
export async function storeBlob(
  services: StoreServices,
  tenant: string,
  block: StoredBlock,
  { object, damaged }: { object: Uint8Array; damaged: string | undefined },
  retrieved: RetrievedPassage | undefined,
): Promise<void> {
  const { catalog, queue, logger, fingerprint } = services;
  if (damaged !== undefined)
    logger.warn({ blob: block.key, reason: damaged }, 'a damaged blob was computed anew');
  const document = retrieved?.document;
  const user =
    document === undefined ? prefaceUser(fingerprint) : { document: document.id, version: document.version! };
  try {
    const replace = damaged !== undefined;
    await storeKv(services, { tenant, key: block.key, tokens: block.tokens.length, object, replace }, user);
    if (document === undefined) return;
    // Deleted or replaced meanwhile: what was just stored must go the way of the rest.
    const now = await catalog.documents.get(tenant, document.id);
    if (now?.version !== user.version) await queue.send([retireAgainItem({ tenant, ...user })]);
  } catch (error) {
    logger.warn({ blob: block.key, err: error }, 'a computed blob could not be stored');
  }
}
