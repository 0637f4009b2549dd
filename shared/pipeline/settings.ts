/** What a data directory was made with, and what happens when it is opened with something else. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config.ts';
import { DEFAULT_MAX_TOKENS } from '../documents/passages/split.ts';
import { BlockragError } from '../errors.ts';
import type { KvDtype } from '../kv/dtypes.ts';
import { adapterFile } from '../model/adapter.ts';
import { DEFAULT_EMBEDDER, KNOWN_EMBEDDERS } from '../model/sources/embedders.ts';
import { DEFAULT_MODEL, KNOWN_MODELS } from '../model/sources/index.ts';
import { modelId } from '../model/sources/model-id.ts';
import { NO_RERANKER } from '../model/sources/rerankers.ts';
import type { RowData } from '../storage/ports.ts';
import { haveSameVectors } from './fingerprint.ts';

export const DATA_FORMAT = 2;

/** What a data directory was made with, as its settings row. */
export type Settings = {
  format: number;
  /** Model reference, to open it again without naming it. */
  model: string;
  /** As --adapter takes it, or `shipped` or `none`. */
  adapter: string;
  /** The model's id. Rows of earlier versions hold the name that the file gives itself. */
  modelName: string;
  /** Embedding model reference. */
  embedder: string;
  /** Reranker reference, or `none`. Documents do not depend on it, so it is not in the fingerprint. */
  reranker: string;
  kv: KvDtype;
  passageTokens: number;
  fingerprint: string;
};

/** What a data directory remembers of the settings. */
type Chosen = 'model' | 'adapter' | 'embedder' | 'reranker' | 'kv' | 'passageTokens';

const ADAPTER_WORDS = ['shipped', 'none'];

/** The whole path of a file, because the next command may run elsewhere. One of `words` never means a file. */
function absolute(file: string | undefined, words: readonly string[]): string | undefined {
  return file === undefined || words.includes(file) || !existsSync(file) ? file : resolve(file);
}

/** What is asked for, else what the data directory was made with, else the defaults. */
export function chooseSettings(
  config: Pick<Config, Chosen>,
  known: Settings | undefined,
): Pick<Settings, Chosen> {
  const model = absolute(config.model, Object.keys(KNOWN_MODELS)) ?? known?.model ?? DEFAULT_MODEL;
  // An adapter belongs to its model: with another one it is forgotten.
  const remembered = known?.model === model ? known.adapter : undefined;
  const adapter = absolute(config.adapter, ADAPTER_WORDS) ?? remembered ?? 'shipped';
  return {
    model,
    // Stored as `none`, so that a later version that ships an adapter does not make documents outdated.
    adapter: adapterFile(model, adapter) === undefined ? 'none' : adapter,
    embedder: absolute(config.embedder, KNOWN_EMBEDDERS) ?? known?.embedder ?? DEFAULT_EMBEDDER,
    reranker: absolute(config.reranker, [NO_RERANKER]) ?? known?.reranker ?? NO_RERANKER,
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
  // Rows of before there were adapters, other embedding models or rerankers name none.
  return { adapter: 'none', embedder: DEFAULT_EMBEDDER, reranker: NO_RERANKER, ...settings } as Settings;
}

/**
 * Whether the stores are to remember these settings.
 * @returns false when they go on remembering others, which their documents were made with
 * @throws BlockragError `reencode_required`
 */
export async function mayTake(
  settings: Settings,
  {
    catalog,
    known,
    config: { otherSettings },
  }: {
    catalog: Pick<Catalog, 'tenants' | 'documents'>;
    known: Settings | undefined;
    config: Pick<Config, 'otherSettings'>;
  },
): Promise<boolean> {
  if (known === undefined || known.fingerprint === settings.fingerprint) return true;
  if (otherSettings === 'reencode') return true;
  if (otherSettings === 'answer' && haveSameVectors(known.fingerprint, settings.fingerprint)) return false;
  await refuseOutdated(catalog, known, settings);
  return true;
}

/** Makes the stores remember settings. Every instance opens with the same: only the first one writes. */
export async function takeSettings(
  catalog: Pick<Catalog, 'settings'>,
  known: RowData | undefined,
  settings: Settings,
): Promise<void> {
  if (JSON.stringify(known) !== JSON.stringify(settings)) await catalog.settings.put(settings);
}

/** @throws BlockragError `reencode_required` unless there is nothing to encode again */
async function refuseOutdated(
  catalog: Pick<Catalog, 'tenants' | 'documents'>,
  known: Settings,
  wanted: Settings,
): Promise<void> {
  let documents = 0;
  let passages = 0;
  for (const tenant of await catalog.tenants.all()) {
    for await (const document of catalog.documents.every(tenant)) {
      if (document.status === 'deleting') continue;
      documents++;
      passages += document.passages;
    }
  }
  if (documents === 0) return;
  // The start of the fingerprint: files and versions differ where all that has a name is the same.
  const say = ({ model, adapter, embedder, kv, passageTokens, fingerprint }: Settings) =>
    `${modelId(model)} (${fingerprint.slice(0, 8)}), adapter ${adapter}, embedder ${embedder}, ${kv}, passages of ${passageTokens} tokens`;
  throw new BlockragError(
    'reencode_required',
    `The documents (${documents}, ${passages} passages) were encoded with ${say(known)}; now it is ${say(wanted)}. Run "blockrag reencode" with the same options to encode them again, start "blockrag serve --other-settings reencode" to have them answer meanwhile, or go back to what they were encoded with.`,
    { data: { documents, passages } },
  );
}
