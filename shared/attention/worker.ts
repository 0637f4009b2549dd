/** The inference thread: holds the model and the contexts, and takes turns between jobs. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { BoundedMap } from '../bounded.ts';
import type { KvBlob } from '../kv/blob.ts';
import { ContextPool } from '../kv/context-pool.ts';
import { CompiledModel } from '../model/compiled.ts';
import { serve, Transfer } from '../threads.ts';
import { Scheduler } from '../turns/scheduler.ts';
import { answer, contextTokens, type StoredObject } from './answer.ts';
import { Decoder } from './decoder.ts';
import { PromptLookup } from './drafts.ts';
import { encodeToBlobs } from './encode-to-blob.ts';
import type { ArrivedObject, EngineMethods, EngineOptions, Wanted } from './protocol.ts';
import { recentKeys } from './recent-keys.ts';

const options = workerData as EngineOptions;
const scheduler = new Scheduler();
const verified = recentKeys();
const hot = new BoundedMap<string, KvBlob>(options.hotBytes ?? 0, ({ bytes }) => bytes);

const opened = (async () => {
  const decoder = await Decoder.open(await CompiledModel.open(options.directory), {
    threads: options.threads,
    provider: options.provider,
  });
  return {
    decoder,
    pool: new ContextPool(decoder.shape, options.contextBytes),
    accepted: options.acceptedProvenance?.concat(decoder.provenance),
  };
})();
// Every call awaits it and reports its error. The thread ends afterwards: the next call tries with a new one.
opened.catch(() => setTimeout(() => process.exit(1), 1000));

serve<EngineMethods>({
  ready: async () => void (await opened),

  encode: async (request, { signal }) => {
    const { decoder } = await opened;
    const objects = await scheduler.run('encode', encodeToBlobs(decoder, request), signal, request.tenant);
    return new Transfer(
      objects,
      objects.map(({ buffer }) => buffer),
    );
  },

  answer: async ({ request, objects }, { signal, emit }) => {
    // Looked up now, so that what is found stays however long the answer waits.
    const kept = request.blocks.map(({ key }) => (request.attention === 'full' ? undefined : hot.get(key)));
    const wanted = kept.flatMap((blob, i) => (blob === undefined ? [i] : []));
    objects.postMessage({ wanted } satisfies Wanted);
    const intact = new WeakSet<Uint8Array>();
    const arriving = receiveObjects(objects, request.blocks.length, intact, signal);
    const blocks = request.blocks.map((block, i) => ({ ...block, object: arriving[i], hot: kept[i] }));
    const { decoder, pool, accepted } = await opened;
    const context = await pool.acquire(contextTokens(request), signal, request.tenant);
    try {
      // A run with a draft takes longer than one without: answers beside this one would wait for it.
      const alone = () => scheduler.open('question') === 1;
      const drafter = options.speculation
        ? (prompt: readonly Uint32Array[], room: number) => new PromptLookup(prompt, room, alone)
        : undefined;
      const state = { decoder, context, verified, intact, hot, accepted, drafter };
      const steps = answer(state, { ...request, blocks }, (event) =>
        emit(event, event.kind === 'encoded' ? [event.object.buffer] : []),
      );
      return await scheduler.run('question', steps, signal, request.tenant);
    } finally {
      pool.release(context);
    }
  },
});

/**
 * The blobs of an answer's blocks as they come; none comes any more once the answer is cancelled.
 * @param intact gets those whose CRC-32 is known to be right
 */
function receiveObjects(
  port: MessagePort,
  count: number,
  intact: WeakSet<Uint8Array>,
  signal: AbortSignal,
): Promise<StoredObject>[] {
  const resolvers: ((object: StoredObject | Promise<StoredObject>) => void)[] = [];
  const promises = Array.from(
    { length: count },
    () => new Promise<StoredObject>((resolve) => void resolvers.push(resolve)),
  );
  port.on('message', (arrived: ArrivedObject) => {
    const resolve = resolvers[arrived.index]!;
    if ('as' in arrived) return resolve(promises[arrived.as]!);
    const { object } = arrived;
    if (object !== undefined && arrived.intact) intact.add(object);
    resolve(object);
  });
  signal.addEventListener('abort', () => {
    for (const resolve of resolvers) resolve(undefined);
  });
  return promises;
}
