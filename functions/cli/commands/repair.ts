/** blockrag repair: documents, rows and the index made again from the originals, when the catalog is lost or damaged. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Blockrag } from '../../../shared/blockrag.ts';
import { BlockragError, isBlockragError } from '../../../shared/errors.ts';
import { RECOVERED, type RepairReport, repair } from '../../../shared/pipeline/repair/repair.ts';
import { openDataDirectory } from '../../../shared/stores/embedded.ts';
import { idle } from '../client-interface.ts';
import { toConfig } from '../config.ts';
import { openSystem } from '../open.ts';
import type { CommonOptions } from '../options.ts';
import { counted, ProgressLine, print, printJson } from '../terminal.ts';

/** @param directory the data directory; undefined: that of the options, or the stores */
export async function repairCommand(
  directory: string | undefined,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const json = options.json === true;
  const config = toConfig(directory === undefined ? options : { ...options, data: directory });
  const aside = config.stores === undefined ? await setDamagedAside(config.data) : undefined;
  const system = await openSystem(config, {
    ...{ command: 'repair', quiet: json, signal },
    create: true,
    adoptCatalog: true,
  });
  const progress = new ProgressLine({ quiet: json });
  let report: RepairReport;
  try {
    report = await repair(system.services, signal, {
      onProgress: (documents) => progress.update('documents taken in', documents, undefined),
    });
    progress.end();
    await idle(new Blockrag(system), config, signal);
  } finally {
    progress.end();
    await system.close();
  }
  if (json) printJson({ ...report, damaged_catalog: aside ?? null });
  else {
    if (aside !== undefined) print(`the damaged catalog is kept as ${aside}`);
    print(`${counted(report.documents, 'document')} made again, ${counted(report.kept, 'original')} kept`);
    if (report.unnamed > 0) {
      print(
        `${report.unnamed} of them without a name: their names, collections and metadata are not known, and they are in the collection "${RECOVERED}" under their former ids`,
      );
    }
    print(
      'API keys, limits used and usage are not in the originals: make keys anew with "blockrag keys add"',
    );
  }
  return report.failed > 0 ? 1 : 0;
}

/** Moves a catalog that cannot be opened out of the way. @returns where it is */
async function setDamagedAside(data: string): Promise<string | undefined> {
  if (!existsSync(join(data, 'blobs'))) {
    const message = `There are no stored documents in ${data}: name the data directory.`;
    throw new BlockragError('invalid_option', message);
  }
  const catalog = join(data, 'catalog');
  if (!existsSync(join(catalog, 'data.mdb'))) return undefined;
  try {
    await (await openDataDirectory(data)).close();
    return undefined;
  } catch (error) {
    // The system's own codes (EACCES, EMFILE) say nothing of the file.
    if (!isBlockragError(error, 'storage_failed') || String(error.data.code).startsWith('E')) throw error;
    const aside = `${catalog}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    await rename(catalog, aside);
    return aside;
  }
}
