/** What a data directory was made with, and what happens when it is opened with something else. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BlockragError } from '../errors.ts';
import type { KvDtype } from '../kv/blob.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { RowData } from '../storage/ports.ts';
import { originalPath, type Services } from './services.ts';
import { submitDocument } from './submit.ts';

export const DATA_FORMAT = 2;

/** What a data directory was made with, as its settings row. */
export type Settings = {
  format: number;
  /** Model reference, to open it again without naming it. */
  model: string;
  modelName: string;
  kv: KvDtype;
  passageTokens: number;
  fingerprint: string;
};

/** A file is remembered by its whole path: the next command may run elsewhere. */
export function absolute(model: string | undefined): string | undefined {
  return model !== undefined && existsSync(model) ? resolve(model) : model;
}

export function checkFormat(settings: RowData | undefined): Settings | undefined {
  if (settings === undefined) return undefined;
  if (settings.format !== DATA_FORMAT) {
    throw new BlockragError(
      'data_format_unknown',
      `The data directory has format ${settings.format}; this version reads format ${DATA_FORMAT}: use the version that made it.`,
    );
  }
  return settings as Settings;
}

/** @throws BlockragError `reencode_required` unless there is nothing to encode again */
export async function refuseOutdated(
  catalog: Catalog,
  tenant: string,
  known: Settings,
  wanted: Settings,
): Promise<void> {
  const documents = (await catalog.allDocuments(tenant)).filter((d) => d.status !== 'deleting');
  if (documents.length === 0) return;
  const passages = documents.reduce((sum, document) => sum + document.passages, 0);
  const say = ({ modelName, kv, passageTokens }: Settings) =>
    `${modelName}, ${kv}, passages of ${passageTokens} tokens`;
  throw new BlockragError(
    'reencode_required',
    `The documents (${documents.length}, ${passages} passages) were encoded with ${say(known)}; asked for is ${say(wanted)}. Run "blockrag reencode" with the same options to encode them again, or leave the options out.`,
    { data: { documents: documents.length, passages } },
  );
}

/**
 * Sends documents that were made with other settings through ingestion again, from their original bytes. There
 * are some after the directory was opened to be reencoded, also when that was interrupted.
 */
export async function requeueOutdated(services: Services, owner: string): Promise<void> {
  const { catalog, blobs, fingerprint } = services;
  for (const document of await catalog.allDocuments(owner)) {
    const { tenant, id, name, collection, metadata, mediaType, version, pending } = document;
    const made = pending === null ? document.fingerprint : document.pendingFingerprint;
    const source = pending ?? version;
    if (document.status === 'deleting' || source === null || made === fingerprint) continue;
    const bytes = await blobs.get(originalPath(tenant, id, source));
    if (bytes === undefined) {
      const message = `The original of ${name} is gone: add it again.`;
      await catalog.updateDocument(tenant, id, (current) => {
        return current && { ...current, status: 'failed', error: { code: 'storage_failed', message } };
      });
      continue;
    }
    const upload = { tenant, collection, name, metadata, mediaType: mediaType ?? undefined, bytes };
    await submitDocument(services, upload);
  }
}
