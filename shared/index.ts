/**
 * `blockrag`: the whole system in one process. Documents go in, questions are answered from them, and the attention
 * keys and values of every passage are computed once and stored.
 */
import { checkTenant } from './access/tenant.ts';
import { Blockrag } from './blockrag.ts';
import { type Config, type ConfigOverrides, loadConfig } from './config.ts';
import { type OpenOptions, openOver } from './pipeline/open.ts';
import { openEmbeddedStores } from './stores/embedded.ts';
import type { Stores } from './stores/stores.ts';

export { Blockrag } from './blockrag.ts';
export type {
  AddOptions,
  AnswerEvent,
  AnswerView,
  AskOptions,
  CitationView,
  CollectionView,
  DocumentEvent,
  DocumentsPage,
  DocumentsQuery,
  DocumentView,
  FoundPassageView,
  NewDocument,
  RequestOptions,
  SearchOptions,
  StatsView,
  SystemView,
  UsageView,
  WorkView,
} from './client/index.ts';
export { BlockragError, type ErrorCode, isBlockragError } from './errors.ts';
export { type AwsStoresOptions, openAwsStores } from './stores/aws.ts';
export { openEmbeddedStores } from './stores/embedded.ts';
export type { Stores } from './stores/stores.ts';

/** Every setting of docs/reference/configuration.md by its name there, and what only a program can give. */
export interface OpenBlockragOptions extends Omit<ConfigOverrides, 'stores'>, OpenOptions {
  /**
   * Where everything is stored; default: the embedded stores in the directory `data` (`./.blockrag`). They belong to
   * the Blockrag from then on: their `close` is called when it closes.
   */
  stores?: Stores | undefined;
  /** Whose documents these are; default `default`. */
  tenant?: string | undefined;
}

/**
 * Opens the system. The first time it fetches the models (some 120 MB for the default) and compiles them, which takes
 * some seconds; `onProgress` tells how far it is.
 *
 * @throws BlockragError `invalid_option`, `data_directory_in_use`, `reencode_required`, `data_format_unknown`, the
 *   codes `model_*` and `storage_*`, `cancelled`
 * @example const blockrag = await openBlockrag({ data: './station', model: 'smollm2-135m-instruct' });
 */
export async function openBlockrag(options: OpenBlockragOptions = {}): Promise<Blockrag> {
  const { stores, tenant, works, logger, onProgress, signal, ...settings } = options;
  let config: Config;
  try {
    if (tenant !== undefined) checkTenant(tenant);
    config = loadConfig(settings, {});
  } catch (error) {
    await stores?.close();
    throw error;
  }
  const opened = stores ?? (await openEmbeddedStores(config.data, { command: 'library' }));
  return new Blockrag(await openOver(opened, config, { works, logger, onProgress, signal }), tenant);
}
