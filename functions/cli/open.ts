/** Opens the system in the command's own process, with progress of fetching and compiling on stderr. */
import type { Config } from '../../shared/config.ts';
import { openOver } from '../../shared/pipeline/open.ts';
import type { System } from '../../shared/pipeline/system.ts';
import type { OpenClientOptions } from './client-interface.ts';
import { openStores } from './stores.ts';
import { ProgressLine } from './terminal.ts';

/** Commands that do the work that they leave, also where servers on the same stores would do it. */
const WORKING: readonly string[] = ['serve', 'add', 'demo', 'reencode', 'repair'];

export async function openSystem(config: Config, options: OpenClientOptions): Promise<System> {
  const { quiet, reencode, adoptCatalog, logger, signal, warm } = options;
  const progress = new ProgressLine({ quiet });
  try {
    const stores = await openStores(config, options);
    return await openOver(stores, config, {
      works:
        options.command !== 'reindex' && (config.stores === undefined || WORKING.includes(options.command)),
      reencode,
      adoptCatalog,
      warm,
      logger,
      signal,
      onProgress: ({ phase, done, total }) => {
        const unit = phase.startsWith('download') ? 'bytes' : 'count';
        progress.update(`model: ${phase}`, done, total, unit);
      },
    });
  } finally {
    progress.end();
  }
}
