/** Opens the system in the command's own process, with progress of fetching and compiling on stderr. */
import type { Config } from '../../shared/config.ts';
import { openOver } from '../../shared/pipeline/open.ts';
import type { System } from '../../shared/pipeline/system.ts';
import type { OpenClientOptions } from './client-interface.ts';
import { openStores } from './stores.ts';
import { ProgressLine } from './terminal.ts';

/** Beside `serve`, commands that do the work that they leave, also where servers on the same stores would do it. */
const WORKING: readonly string[] = ['add', 'demo', 'reencode', 'repair'];

export async function openSystem(config: Config, options: OpenClientOptions): Promise<System> {
  const { quiet, adoptCatalog, logger, signal, warm } = options;
  const progress = new ProgressLine({ quiet });
  try {
    const stores = await openStores(config, options);
    const chosen: Config = options.reencode === true ? { ...config, otherSettings: 'reencode' } : config;
    return await openOver(stores, chosen, {
      works: works(config, options.command),
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

/** Whether a command does work in its own process. */
export function works({ stores, worker }: Pick<Config, 'stores' | 'worker'>, command: string): boolean {
  if (command === 'reindex') return false;
  if (stores === undefined) return true;
  return command === 'serve' ? worker : WORKING.includes(command);
}
