/** blockrag reindex: the search index made anew from the catalog. */
import { reindex } from '../../../shared/pipeline/reindex/reindex.ts';
import { toConfig } from '../config.ts';
import { openSystem } from '../open.ts';
import type { CommonOptions } from '../options.ts';
import { counted, ProgressLine, print, printJson } from '../terminal.ts';

export async function reindexCommand(options: CommonOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const system = await openSystem(toConfig(options), { command: 'reindex', quiet: json, signal });
  const progress = new ProgressLine({ quiet: json });
  try {
    const passages = await reindex(system.services, signal, {
      anew: true,
      onProgress: (done, total) => progress.update('passages indexed', done, total),
    });
    progress.end();
    if (json) printJson({ passages });
    else print(`${counted(passages, 'passage')} indexed`);
  } finally {
    progress.end();
    await system.close();
  }
  return 0;
}
