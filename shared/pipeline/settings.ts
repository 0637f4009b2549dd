/** What a data directory was made with, and what happens when it is opened with something else. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { DEFAULT_MAX_TOKENS } from '../documents/split.ts';
import { BlockragError } from '../errors.ts';
import type { KvDtype } from '../kv/blob.ts';
import { DEFAULT_MODEL } from '../model/sources/index.ts';
import type { Catalog, DocumentRow } from '../storage/catalog.ts';
import type { RowData } from '../storage/ports.ts';
import { adapterFile } from './model.ts';
import { originalPath, type Services } from './services.ts';
import { submitDocument } from './submit.ts';

export const DATA_FORMAT = 2;

/** What a data directory was made with, as its settings row. */
export type Settings = {
  format: number;
  /** Model reference, to open it again without naming it. */
  model: string;
  /** As --adapter takes it, or `shipped` or `none`. */
  adapter: string;
  modelName: string;
  kv: KvDtype;
  passageTokens: number;
  fingerprint: string;
};

/** A file is remembered by its whole path: the next command may run elsewhere. */
function absolute(file: string | undefined): string | undefined {
  return file !== undefined && existsSync(file) ? resolve(file) : file;
}

/** What is asked for, else what the data directory was made with, else the defaults. */
export function chooseSettings(
  config: Pick<Config, 'model' | 'adapter' | 'kv' | 'passageTokens'>,
  known: Settings | undefined,
): Pick<Settings, 'model' | 'adapter' | 'kv' | 'passageTokens'> {
  const model = absolute(config.model) ?? known?.model ?? DEFAULT_MODEL;
  // An adapter belongs to its model: with another one it is forgotten.
  const remembered = known?.model === model ? known.adapter : undefined;
  const adapter = absolute(config.adapter) ?? remembered ?? 'shipped';
  return {
    model,
    // What was made while the model shipped none stays without one when a later version ships it.
    adapter: adapterFile(model, adapter) === undefined ? 'none' : adapter,
    kv: config.kv ?? known?.kv ?? 'int8',
    passageTokens: config.passageTokens ?? known?.passageTokens ?? DEFAULT_MAX_TOKENS,
  };
}

export function checkFormat(settings: RowData | undefined): Settings | undefined {
  if (settings === undefined) return undefined;
  if (settings.format !== DATA_FORMAT) {
    throw new BlockragError(
      'data_format_unknown',
      `The data directory has format ${settings.format}; this version reads format ${DATA_FORMAT}: use the version that made it.`,
    );
  }
  // Rows of before there were adapters name none.
  return { adapter: 'none', ...settings } as Settings;
}

/** @throws BlockragError `reencode_required` unless there is nothing to encode again */
export async function refuseOutdated(catalog: Catalog, known: Settings, wanted: Settings): Promise<void> {
  let documents = 0;
  let passages = 0;
  for await (const document of documentsOf(catalog)) {
    if (document.status === 'deleting') continue;
    documents++;
    passages += document.passages;
  }
  if (documents === 0) return;
  const say = ({ modelName, adapter, kv, passageTokens }: Settings) =>
    `${modelName}, adapter ${adapter}, ${kv}, passages of ${passageTokens} tokens`;
  throw new BlockragError(
    'reencode_required',
    `The documents (${documents}, ${passages} passages) were encoded with ${say(known)}; asked for is ${say(wanted)}. Run "blockrag reencode" with the same options to encode them again, or leave the options out.`,
    { data: { documents, passages } },
  );
}

/**
 * Sends documents that were made with other settings through ingestion again, from their original bytes. There
 * are some after the directory was opened to be reencoded, also when that was interrupted.
 */
export async function requeueOutdated(services: Services): Promise<void> {
  const { catalog, blobs, fingerprint } = services;
  for await (const document of documentsOf(catalog)) {
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

/** The documents of all tenants. */
async function* documentsOf(catalog: Catalog): AsyncGenerator<DocumentRow> {
  for (const tenant of await catalog.tenants()) yield* catalog.everyDocument(tenant);
}
