/**
 * Opens what a command works with: the data directory in this process, or the `serve` process that owns it, spoken to
 * over its REST API. Beside a server neither models nor stores are loaded.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SystemView } from '../../shared/api/views/system.ts';
import { BlockragClient } from '../../shared/client/index.ts';
import type { Config } from '../../shared/config.ts';
import { BlockragError, isBlockragError } from '../../shared/errors.ts';
import { ownerOf } from '../../shared/stores/owner.ts';
import type { Client, OpenClientOptions } from './client-interface.ts';
import { dataPlace, givesAny } from './given.ts';
import type { CommonOptions } from './options.ts';

/** Settings that a server answers with, by the names that it tells them with. */
const COMPARED = {
  kv: 'kv',
  compute: 'compute',
  passage_tokens: 'passageTokens',
  model_reference: 'model',
  embedder: 'embedder',
  reranker: 'reranker',
} as const satisfies Partial<Record<keyof SystemView, keyof Config>>;

/**
 * Opens the data directory, or reaches the server that owns it.
 * @throws BlockragError `data_directory_in_use`, `no_documents`, `server_unreachable`, `invalid_option`
 */
export async function openClient(given: CommonOptions, options: OpenClientOptions): Promise<Client> {
  const { data, stores } = dataPlace(given);
  const config = async () => (await import('./config.ts')).toConfig(given);
  const openHere = async () => openLocal(await config(), options);
  if (stores !== undefined) return openHere();
  if (options.create !== true && !existsSync(data)) {
    await config(); // a wrong option is told first
    throw new BlockragError(
      'no_documents',
      `There is no data directory ${data}: add documents first (blockrag add FILES), or name another with --data.`,
    );
  }
  // Its documents are encoded again by this process alone.
  if (options.reencode === true) return openHere();
  const url = ownerOf(data)?.url;
  if (url !== undefined) return openBeside(url, given);
  try {
    return await openHere();
  } catch (error) {
    // A server that told its address in the database alone (see storage/lmdb/owner.ts).
    const told = isBlockragError(error, 'data_directory_in_use') ? error.data.url : undefined;
    if (typeof told === 'string') return openBeside(told, given);
    throw error;
  }
}

async function openBeside(url: string, given: CommonOptions): Promise<Client> {
  const apiKey = process.env.BLOCKRAG_API_KEY || undefined;
  const client = new BlockragClient({ url, apiKey });
  if (givesAny([...Object.values(COMPARED), 'adapter'], given)) {
    const { toConfig } = await import('./config.ts');
    await refuseOtherSettings(toConfig(given), await client.system(), url);
  }
  return client;
}

/** Opens the data directory in this process. Only here are models and stores loaded: beside a server they are not needed. */
export async function openLocal(config: Config, options: OpenClientOptions): Promise<Client> {
  const { openSystem } = await import('./open.ts');
  const { Blockrag } = await import('../../shared/blockrag.ts');
  return new Blockrag(await openSystem(config, options));
}

/** A server answers with its own settings: a command that asks for others must not get them silently. */
async function refuseOtherSettings(config: Config, system: SystemView, url: string): Promise<void> {
  for (const [name, setting] of Object.entries(COMPARED)) {
    const value = config[setting];
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
