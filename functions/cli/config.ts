/** Options of the command line as settings, with what the environment says beside them. */
import { type Config, loadConfig } from '../../shared/config.ts';
import type { CommonOptions } from './options.ts';

/** @throws BlockragError `invalid_option` */
export function toConfig({
  data,
  stores,
  model,
  adapter,
  compute,
  kv,
  passageTokens,
}: CommonOptions): Config {
  return loadConfig(
    {
      data,
      stores,
      model,
      adapter: adapter === false ? 'none' : adapter,
      compute,
      kv,
      passageTokens,
    },
    process.env,
  );
}
