/** Settings of tests: those of the environment that the tests run in. */
import { type Config, type ConfigOverrides, fetchSettings, loadConfig } from '../../shared/config.ts';
import type { FetchSettings } from '../../shared/model/sources/index.ts';
import { type OpenOptions, openOver } from '../../shared/pipeline/open.ts';
import type { System } from '../../shared/pipeline/system.ts';
import { openEmbeddedStores } from '../../shared/stores/embedded.ts';

export function testConfig(options: ConfigOverrides = {}): Config {
  return loadConfig(options, process.env);
}

/** Where models are fetched from and kept. */
export function testFetch(): FetchSettings {
  return fetchSettings(testConfig());
}

/** Opens the data directory of the settings in this process. */
export async function openEmbedded(config: Config, options: OpenOptions = {}): Promise<System> {
  return openOver(await openEmbeddedStores(config.data, { command: 'test' }), config, options);
}
