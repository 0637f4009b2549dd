/** All that a tenant has put in, in a folder: for a tenant that asks for its data, or moves. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentRow } from '../../catalog/catalog.ts';
import { BlockragError, isBlockragError } from '../../errors.ts';
import type { Services } from '../services.ts';
import { contentOf } from './content.ts';

export interface ExportReport {
  documents: number;
  /** Documents whose original is not kept, as of some that failed. */
  without: number;
  bytes: number;
}

/** Where the originals lie in the folder. */
const ORIGINALS = 'originals';
const MAX_NAME = 100;

/**
 * Writes documents.ndjson, a line for each document with the file of its original, and the originals. What is made of
 * them (passages, keys and values, vectors) is not the tenant's, and can be made again.
 * @param view a document's line, without its file
 * @throws BlockragError `invalid_option` for a folder that has such files, `cancelled`
 */
export async function exportTenant(
  services: Pick<Services, 'catalog' | 'blobs'>,
  tenant: string,
  folder: string,
  { view, signal }: { view: (row: DocumentRow) => object; signal: AbortSignal },
): Promise<ExportReport> {
  const originals = join(folder, ORIGINALS);
  await mkdir(originals, { recursive: true });
  const list = await open(join(folder, 'documents.ndjson'), 'wx').catch((cause: unknown) => {
    const message = `${folder} holds an export: name a folder that is new or empty.`;
    throw new BlockragError('invalid_option', message, { cause });
  });
  const report: ExportReport = { documents: 0, without: 0, bytes: 0 };
  try {
    for await (const row of services.catalog.documents.every(tenant)) {
      if (signal.aborted) throw new BlockragError('cancelled', 'The export was stopped.');
      if (row.status === 'deleting') continue;
      const bytes = await originalOf(services, row);
      const file = bytes === undefined ? null : `${ORIGINALS}/${row.id}-${fileName(row.name)}`;
      if (bytes !== undefined) await writeFile(join(folder, file!), bytes, { flag: 'wx' });
      await list.write(`${JSON.stringify({ ...view(row), file })}\n`);
      report.documents++;
      report.bytes += bytes?.length ?? 0;
      if (bytes === undefined) report.without++;
    }
  } finally {
    await list.close();
  }
  return report;
}

async function originalOf(services: Pick<Services, 'catalog' | 'blobs'>, { tenant, id }: DocumentRow) {
  try {
    return (await contentOf(services, tenant, id)).bytes;
  } catch (error) {
    // Deleted meanwhile, or never kept.
    if (isBlockragError(error, 'not_found') || isBlockragError(error, 'document_not_found')) return undefined;
    throw error;
  }
}

/** A name that every file system takes: names of documents hold slashes, and more. */
function fileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]/gu, '_').slice(-MAX_NAME);
}
