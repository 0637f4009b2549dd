/** blockrag serve: the REST API, ingestion and encoding in one process. */

import { startServer } from '../../../shared/api/server.ts';
import type { OtherSettings } from '../../../shared/other-settings.ts';
import type { System } from '../../../shared/pipeline/system.ts';
import { createLogger } from '../../../shared/telemetry.ts';
import { EmbeddedMetrics } from '../../embedded-metrics.ts';
import { toConfig } from '../config.ts';
import { openSystem, works } from '../open.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../terminal.ts';

export interface ServeOptions extends CommonOptions {
  host: string;
  port: number;
  /** Makes a bucket and a table that are missing. */
  createStores?: boolean;
  /** Asks for keys on loopback, too. */
  requireKeys?: boolean;
  /** Goes on with a catalog that is new or older than the stored documents. */
  adoptCatalog?: boolean;
  otherSettings?: OtherSettings;
}

/** So short that a report mostly holds one answer, whose time is then no mean of several. */
const REPORT_MS = 1_000;

export async function serve(options: ServeOptions, signal: AbortSignal): Promise<number> {
  const given = toConfig(options);
  const config = {
    ...given,
    requireKeys: given.requireKeys || options.requireKeys === true,
    otherSettings: options.otherSettings ?? given.otherSettings,
  };
  const json = options.json === true;
  const logger = createLogger(config.log ?? 'info');
  const system = await openSystem(config, {
    ...{ command: 'serve', quiet: json, logger, signal },
    create: true,
    warm: true,
    createStores: options.createStores,
    adoptCatalog: options.adoptCatalog,
  });
  try {
    await system.warm();
    if (works(config, 'serve')) await system.sweepDaily();
    const { host, port } = options;
    const server = await startServer(system, { host, port });
    const { data, stores } = config;
    if (json) printJson(stores === undefined ? { url: server.url, data } : { url: server.url, stores });
    else print(`blockrag answers at ${server.url} (data in ${stores ?? data}); stop it with Ctrl-C`);
    const endReports = reportMetrics(system);
    const stop = AbortSignal.any([signal, system.lost]);
    await new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    await server.close();
    await endReports();
    return signal.aborted ? 0 : 1;
  } finally {
    await system.close();
  }
}

/** Writes metrics to the log where a namespace is given; what is returned writes the last ones. */
function reportMetrics({ config, services }: System): () => Promise<void> {
  const { metricsNamespace: namespace } = config;
  if (namespace === undefined) return async () => {};
  const metrics = new EmbeddedMetrics(services.metrics, { namespace, function: 'query' });
  const timer = setInterval(() => void metrics.report(), REPORT_MS);
  return async () => {
    clearInterval(timer);
    await metrics.report();
  };
}
