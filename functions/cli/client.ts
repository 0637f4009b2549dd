/**
 * Opens what a command works with: the data directory in this process, or the `serve` process that owns it, spoken to
 * over its REST API. Beside a server neither models nor stores are loaded.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SystemView } from '../../shared/api/views/system.ts';
import { BlockragClient } from '../../shared/client/index.ts';
import type { Config } from '../../shared/config.ts';
import { BlockragError } from '../../shared/errors.ts';
import { readOwner } from '../../shared/storage/lmdb/ownership.ts';
import { openDataDirectory } from '../../shared/stores/embedded.ts';
import type { Client, OpenClientOptions } from './client-interface.ts';

/**
 * Opens the data directory, or reaches the server that owns it.
 * @throws BlockragError `data_directory_in_use`, `no_documents`, `server_unreachable`
 */
export async function openClient(config: Config, options: OpenClientOptions): Promise<Client> {
  if (config.stores !== undefined) return openLocal(config, options);
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
    const apiKey = process.env.BLOCKRAG_API_KEY || undefined;
    const client = new BlockragClient({ url: owner.url, apiKey });
    await refuseOtherSettings(config, await client.system(), owner.url);
    return client;
  }
  return openLocal(config, options);
}

/** Loads models and stores only here: a command beside a server needs neither. */
async function openLocal(config: Config, options: OpenClientOptions): Promise<Client> {
  const { openSystem } = await import('./open.ts');
  const { Blockrag } = await import('../../shared/blockrag.ts');
  return new Blockrag(await openSystem(config, options));
}

/** A server answers with its own settings: a command that asks for others must not get them silently. */
async function refuseOtherSettings(config: Config, system: SystemView, url: string): Promise<void> {
  const asked = {
    kv: config.kv,
    compute: config.compute,
    passage_tokens: config.passageTokens,
    model_reference: config.model,
    embedder: config.embedder,
    reranker: config.reranker,
  };
  for (const [name, value] of Object.entries(asked)) {
    const used = system[name as keyof SystemView];
    // A file is remembered by its whole path.
    if (value === undefined || value === used || resolve(String(value)) === used) continue;
    throw new BlockragError(
      'data_directory_in_use',
      `The data directory is served at ${url} with ${name} ${used}: stop that server to use ${value}.`,
    );
  }
  if (config.adapter === undefined) return;
  const { adapterFile, adapterLabel, readAdapter } = await import('../../shared/model/adapter.ts');
  const file = adapterFile(system.model_reference, config.adapter);
  const adapter = file === undefined ? undefined : await readAdapter(file);
  if (adapter?.sha256 === system.adapter?.sha256) return;
  const say = (one: SystemView['adapter'] | undefined) => (one ? adapterLabel(one) : 'no adapter');
  throw new BlockragError(
    'data_directory_in_use',
    `The data directory is served at ${url} with ${say(system.adapter)}: stop that server to use ${say(adapter)}.`,
  );
}
