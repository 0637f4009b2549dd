/** A stage on AWS as its functions open it: the stores that the environment names, and who does the work. */
import { type CloudConfig, loadCloudConfig, loadConfig } from '../shared/config.ts';
import { openOver } from '../shared/pipeline/open.ts';
import type { System } from '../shared/pipeline/system.ts';
import { Dispatch } from '../shared/pipeline/work/dispatch.ts';
import type { DocumentSource } from '../shared/storage/ports.ts';
import { openAwsJobs, openAwsStores } from '../shared/stores/aws.ts';
import { createLogger } from '../shared/telemetry.ts';
import { EmbeddedMetrics } from './embedded-metrics.ts';
import { s3Endpoint } from './s3-endpoint.ts';

/** The names of the functions, and of the worker of Batch, in their metrics. */
export type FunctionName = 'query' | 'ingest' | 'precompute' | 'sweep' | 'batch';

export interface Stage {
  system: System;
  documents: DocumentSource;
  dispatch: Dispatch;
  /** Writes the metrics since the last time to the log. */
  report(): Promise<void>;
}

export interface StageOptions {
  name: FunctionName;
  /** Whether whatever is sent to the work queue wakes a worker: for those who do not work themselves. */
  wakes: boolean;
  /** Takes other settings than the stores remember, also those with which documents cannot answer meanwhile. */
  reencode?: boolean;
}

/**
 * Opens what the environment names (config.ts). The model is the one in BLOCKRAG_CACHE: in the image it was compiled
 * when the image was built.
 * @throws BlockragError as `openOver`, `invalid_option`
 */
export async function openStage({ name, wakes, reencode }: StageOptions): Promise<Stage> {
  // Other settings than before come with a deployment, which must not stop the answers.
  const config = loadConfig({ otherSettings: reencode === true ? 'reencode' : 'answer' }, process.env);
  const stage = loadCloudConfig(process.env);
  const { openSqsBell } = await import('../shared/storage/doorbell/sqs.ts');
  const stores = await openAwsStores({
    ...stage,
    wakes: wakes ? stage.precomputeQueue : undefined,
    blobCacheBytes: config.blobCacheBytes,
    maxDocumentBytes: config.maxDocumentBytes,
    s3Endpoint: s3Endpoint(),
  });
  const bell = openSqsBell(stage.precomputeQueue);
  const jobs = await jobsOf(stage);
  const close = async () => {
    await Promise.all([stores.close(), bell.close(), jobs?.close()]);
  };
  const logger = createLogger(config.log ?? 'info');
  const system = await openOver({ ...stores, close }, config, { logger, works: false });
  const { metricsNamespace: namespace = 'blockrag' } = config;
  const metrics = new EmbeddedMetrics(system.services.metrics, { namespace, function: name });
  return {
    system,
    report: () => metrics.report(),
    documents: stores.source!,
    dispatch: new Dispatch({ queue: stores.queue, bell, jobs, jobPassages: stage.batchPassages }),
  };
}

function jobsOf({ batchQueue, batchJob }: CloudConfig) {
  if (batchQueue === '' || batchJob === '') return undefined;
  return openAwsJobs({ queue: batchQueue, definition: batchJob });
}

/**
 * `openStage` for a function whose instance takes many events: it begins at once, an error is the first event's, and
 * the next event tries again.
 * @returns what is opened; with other options only if it is not yet
 */
export function stageOpener(options: StageOptions): (more?: Partial<StageOptions>) => Promise<Stage> {
  let opened: Promise<Stage> | undefined;
  const open = (more: Partial<StageOptions> = {}) => {
    opened ??= openStage({ ...options, ...more }).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  open().catch(() => {});
  return open;
}
