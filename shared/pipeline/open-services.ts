/** Opens the stages over a set of stores: the model fetched and compiled, threads made, settings checked. */
import { openAccess } from '../access/index.ts';
import { Engine } from '../attention/engine.ts';
import { chooseAttention } from '../attention/modes.ts';
import { BoundedMap } from '../bounded.ts';
import { Catalog } from '../catalog/catalog.ts';
import { type Config, defaultLimits, fetchSettings, ocrOptions } from '../config.ts';
import { DocumentReader } from '../documents/index.ts';
import { Gate } from '../gate.ts';
import { contextBytesPerToken } from '../kv/shape.ts';
import { Metrics } from '../metrics.ts';
import type { ModelManifest } from '../model/compiled.ts';
import { PromptTemplate } from '../model/prompt.ts';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../model/sources/embedders.ts';
import type { FetchOptions } from '../model/sources/index.ts';
import { modelId } from '../model/sources/model-id.ts';
import { fetchReranker } from '../model/sources/rerankers.ts';
import { Embedder } from '../retrieval/embedder.ts';
import { Reranker } from '../retrieval/reranker.ts';
import type { Stores } from '../stores/stores.ts';
import { createLogger, type Logger } from '../telemetry.ts';
import { fingerprintOf } from './fingerprint.ts';
import { prepareModel } from './prepare-model.ts';
import { endThreads, type Services, type Threads } from './services.ts';
import {
  checkFormat,
  chooseSettings,
  DATA_FORMAT,
  mayTake,
  type Settings,
  takeSettings,
} from './settings.ts';
import { KvBudget } from './stored-kv/budget.ts';

const DAY_MS = 86_400_000;
/** Memory for the KV of blocks that requests made. */
const PASSING_BYTES = 64 * 1024 * 1024;

export interface ServiceOptions extends Pick<FetchOptions, 'onProgress' | 'signal'> {
  logger?: Logger | undefined;
  /** Loads the models at once, in their threads: for a process that is to be ready soon. */
  warm?: boolean | undefined;
}

/** What a system is made of. */
export interface Opened {
  services: Services;
  settings: Settings;
}

type Parts = Pick<Services, 'catalog' | 'engine' | 'embedder' | 'reranker' | 'model'> & {
  /** What the stores were made with; undefined: they are new. */
  known: Settings | undefined;
  wanted: ReturnType<typeof chooseSettings>;
};

/**
 * Fetches and compiles the models if need be. Threads start at their first use, or at once (`warm`).
 * @throws BlockragError `data_format_unknown`, `reencode_required`, and those of `prepareModel`
 */
export async function openServices(stores: Stores, config: Config, options: ServiceOptions): Promise<Opened> {
  const catalog = new Catalog(stores.table);
  const known = checkFormat(await catalog.settings.get());
  const wanted = chooseSettings(config, known);
  const fetching: FetchOptions = { ...options, ...fetchSettings(config) };
  const model = await prepareModel({
    ...fetching,
    reference: wanted.model,
    adapter: wanted.adapter,
    compute: config.compute,
    requireText: true,
    compare: 'without-adapter',
  });
  const engine = new Engine({
    directory: model.directory,
    provider: config.provider,
    threads: config.threads,
    contextBytes: config.contextBytes,
    hotBytes: config.hotBytes,
    speculation: config.speculation,
    acceptedProvenance: config.acceptedProvenance,
  });
  const threads: Partial<Threads> = { engine };
  // Whoever uses a model that cannot be loaded is told so.
  const begin = (load: () => Promise<unknown>) => {
    if (options.warm === true) load().catch(() => undefined);
  };
  try {
    begin(() => engine.ready());
    const embedder = new Embedder(await fetchEmbedder(wanted.embedder, fetching));
    threads.embedder = embedder;
    begin(() => embedder.ready());
    const reranking = await fetchReranker(wanted.reranker, fetching);
    const reranker = reranking && new Reranker(reranking);
    threads.reranker = reranker;
    if (reranker !== undefined) begin(() => reranker.ready());
    const parts = { catalog, known, wanted, model, engine, embedder, reranker };
    return await openAround(parts, stores, config, options);
  } catch (error) {
    await endThreads(threads);
    throw error;
  }
}

/** Reads the tokenizer and checks the settings, while the models may be loading. */
async function openAround(
  { catalog, known, wanted, model, engine, embedder, reranker }: Parts,
  stores: Stores,
  config: Config,
  options: ServiceOptions,
): Promise<Opened> {
  const tokenizer = await model.tokenizer();
  const { weightsHash, ropeHash } = model.manifest;
  const { kv, passageTokens } = wanted;
  const vectors = wanted.embedder === DEFAULT_EMBEDDER ? undefined : embedder.model.sha256;
  const tokenizerHash = tokenizer.hash;
  const settings: Settings = {
    format: DATA_FORMAT,
    ...wanted,
    modelName: modelId(wanted.model),
    fingerprint: fingerprintOf({
      ...{ weightsHash, ropeHash, tokenizerHash, kv, passageTokens, embedder: vectors },
    }),
  };
  if (await mayTake(settings, { catalog, known, config })) await takeSettings(catalog, known, settings);
  const logger = options.logger ?? createLogger(config.log);
  warnOfCost(model.manifest, logger);
  const services: Services = {
    access: openAccess(stores.table, defaultLimits(config)),
    catalog,
    blobs: stores.blobs,
    queue: stores.queue,
    documents: stores.source,
    index: stores.index,
    engine,
    reader: new DocumentReader({
      tokenizerFile: model.tokenizerFile,
      maxTokens: wanted.passageTokens,
      maxBytes: config.maxDocumentBytes,
      ocr: ocrOptions(config),
    }),
    metrics: new Metrics({ queue: () => stores.queue.counts() }),
    tier: stores.tier,
    embedder,
    reranker,
    model,
    modelId: settings.modelName,
    tokenizer,
    template: new PromptTemplate(tokenizer),
    dtype: wanted.kv,
    fingerprint: settings.fingerprint,
    answering: new Gate(config.concurrentAnswers, { newcomers: config.concurrentAnswers }),
    budget: new KvBudget({ catalog, blobs: stores.blobs, limit: config.kvBytes, logger }),
    passing: new BoundedMap(PASSING_BYTES, ({ length }) => length),
    maxDocumentBytes: config.maxDocumentBytes,
    quarantineMs: config.quarantineDays * DAY_MS,
    maxQuestionLength: config.maxQuestionLength,
    contextTokens: Math.min(
      model.manifest.architecture.contextLength,
      Math.floor(config.contextBytes / contextBytesPerToken(model.manifest.architecture)),
    ),
    logger,
  };
  return { services, settings };
}

/** Says of a model without an adapter what block attention costs it, where that is much. */
function warnOfCost({ adapter, attention }: ModelManifest, logger: Logger): void {
  if (adapter !== null || attention === null || chooseAttention('auto', attention) === 'block') return;
  logger.warn(
    { ...attention },
    'block attention costs this model many right answers: ask with attention "auto" or "full", or use an adapter',
  );
}
