/**
 * What commands work with: the data directory opened in this process, or the `serve` process that owns it,
 * spoken to over its REST API.
 */
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import type { AnswerView } from '../../shared/api/views/answer.ts';
import type { DocumentView } from '../../shared/api/views/document.ts';
import type { AttentionMode } from '../../shared/attention/answer.ts';
import type { Config } from '../../shared/config.ts';
import { BlockragError } from '../../shared/errors.ts';
import { adapterLabel, readAdapter } from '../../shared/model/adapter.ts';
import type { Blockrag, Stats } from '../../shared/pipeline/blockrag.ts';
import { openOver } from '../../shared/pipeline/open.ts';
import { adapterFile } from '../../shared/pipeline/prepare-model.ts';
import { readOwner } from '../../shared/storage/lmdb/ownership.ts';
import { openDataDirectory } from '../../shared/stores/embedded.ts';
import { LocalClient } from './local-client.ts';
import { RemoteClient } from './remote-client.ts';
import { openStores } from './stores.ts';
import { ProgressLine } from './terminal.ts';

export interface AskOptions {
  question: string;
  collection: string;
  attention: AttentionMode;
  top_k: number;
  max_tokens: number;
}

export interface Client {
  add(document: { collection: string; name: string; bytes: Uint8Array<ArrayBuffer> }): Promise<DocumentView>;
  document(id: string): Promise<DocumentView | undefined>;
  documents(collection: string | undefined): Promise<DocumentView[]>;
  remove(id: string): Promise<void>;
  /** Loads the models, so that the figures of the first answer are those of any other. */
  warm(): Promise<void>;
  /** Waits until nothing is left to be done in the background. */
  idle(signal: AbortSignal): Promise<void>;
  ask(options: AskOptions, signal: AbortSignal, onText?: (text: string) => void): Promise<AnswerView>;
  stats(): Promise<Stats>;
  close(): Promise<void>;
}

export interface OpenClientOptions {
  command: string;
  quiet: boolean;
  reencode?: boolean;
  /** Whether stores that are not there are made; else it is an error. */
  create?: boolean;
  logger?: Logger;
  signal: AbortSignal;
}

/**
 * Opens the data directory, or reaches the server that owns it.
 * @throws BlockragError `data_directory_in_use`, `no_documents`
 */
export async function openClient(config: Config, options: OpenClientOptions): Promise<Client> {
  if (config.stores !== undefined) return new LocalClient(await openBlockrag(config, options));
  if (options.create !== true && !existsSync(config.data)) {
    throw new BlockragError(
      'no_documents',
      `There is no data directory ${config.data}: add documents first (blockrag add FILES), or name another with --data.`,
    );
  }
  const environment = await openDataDirectory(config.data);
  const owner = readOwner(environment);
  await environment.close();
  if (owner?.url !== undefined && options.reencode !== true) {
    const client = new RemoteClient(owner.url);
    await refuseOtherSettings(config, await client.stats(), owner.url);
    return client;
  }
  return new LocalClient(await openBlockrag(config, options));
}

/** Opens the data directory in this process, with progress of fetching and compiling on stderr. */
export async function openBlockrag(config: Config, options: OpenClientOptions): Promise<Blockrag> {
  const progress = new ProgressLine({ quiet: options.quiet });
  try {
    const stores = await openStores(config, options);
    return await openOver(stores, config, {
      reencode: options.reencode,
      logger: options.logger,
      signal: options.signal,
      onProgress: ({ phase, done, total }) => {
        const unit = phase === 'download' || phase === 'unpack' ? 'bytes' : 'count';
        progress.update(`model: ${phase}`, done, total, unit);
      },
    });
  } finally {
    progress.end();
  }
}

/** A server answers with its own settings: a command that asks for others must not get them silently. */
async function refuseOtherSettings(config: Config, stats: Stats, url: string): Promise<void> {
  const asked = {
    kv: config.kv,
    compute: config.compute,
    passage_tokens: config.passageTokens,
    model_reference: config.model,
  };
  for (const [name, value] of Object.entries(asked)) {
    const used = stats[name as keyof Stats];
    if (value === undefined || value === used) continue;
    throw new BlockragError(
      'data_directory_in_use',
      `The data directory is served at ${url} with ${name} ${used}: stop that server to use ${value}.`,
    );
  }
  if (config.adapter === undefined) return;
  const file = adapterFile(stats.model_reference, config.adapter);
  const adapter = file === undefined ? undefined : await readAdapter(file);
  if (adapter?.sha256 === stats.adapter?.sha256) return;
  const say = (one: Stats['adapter'] | undefined) => (one ? adapterLabel(one) : 'no adapter');
  throw new BlockragError(
    'data_directory_in_use',
    `The data directory is served at ${url} with ${say(stats.adapter)}: stop that server to use ${say(adapter)}.`,
  );
}
