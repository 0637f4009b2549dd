/** Options of the command line as settings, with what the environment says beside them. */
import { type Config, loadConfig } from '../../shared/config.ts';
import { givenBy } from './given.ts';
import type { CommonOptions } from './options.ts';

/** @throws BlockragError `invalid_option` */
export function toConfig(options: CommonOptions): Config {
  const { settings, environment } = givenBy(options);
  return loadConfig(settings, environment);
}
