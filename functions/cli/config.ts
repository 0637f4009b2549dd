/** Options of the command line as settings, with what the environment says beside them. */
import { type Config, loadConfig } from '../../shared/config.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { CommonOptions } from './options.ts';

/** @throws BlockragError `invalid_option` */
export function toConfig({
  data,
  stores,
  model,
  adapter,
  embedder,
  reranker,
  compute,
  kv,
  passageTokens,
  ocr,
  speculation,
}: CommonOptions): Config {
  if (data !== undefined && stores !== undefined) {
    throw new BlockragError(
      'invalid_option',
      'Give --data or --stores, not both: each says where all is stored.',
    );
  }
  // Who names a directory does not mean the stores that the environment names.
  const { BLOCKRAG_STORES, ...environment } = process.env;
  return loadConfig(
    {
      data,
      stores,
      model,
      adapter: adapter === false ? 'none' : adapter,
      embedder,
      reranker,
      compute,
      kv,
      passageTokens,
      ocr,
      // The parser says true where the option is not given; the environment counts then.
      speculation: speculation === false ? false : undefined,
    },
    data === undefined ? process.env : environment,
  );
}
