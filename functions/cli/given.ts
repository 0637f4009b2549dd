/**
 * What options of the command line give of the settings, with the environment beside them. Beside a server a command
 * needs no more than where the data is, so no schema of the settings is loaded here.
 */
import { resolve } from 'node:path';
import { DEFAULT_DATA, type Environment, givenSettings } from '../../shared/config-given.ts';
import { BlockragError } from '../../shared/errors.ts';
import type { CommonOptions } from './options.ts';

/** Options as settings, and the environment that holds where they are not given. */
export interface Given {
  settings: Record<string, string | boolean | undefined>;
  environment: Environment;
}

/** Where all is stored. */
export interface DataPlace {
  /** The data directory's full path. */
  data: string;
  /** Stores that several servers share, in place of it. */
  stores?: string | undefined;
}

/** @throws BlockragError `invalid_option` */
export function givenBy(options: CommonOptions): Given {
  const { data, stores, model, adapter, embedder, reranker, compute, kv, passageTokens, ocr, speculation } =
    options;
  if (data !== undefined && stores !== undefined) {
    throw new BlockragError(
      'invalid_option',
      'Give --data or --stores, not both: each says where all is stored.',
    );
  }
  // Who names a directory does not mean the stores that the environment names.
  const { BLOCKRAG_STORES, ...environment } = process.env;
  return {
    settings: {
      ...{ data, stores, model, embedder, reranker, compute, kv, passageTokens, ocr },
      adapter: adapter === false ? 'none' : adapter,
      // The parser says true where the option is not given; the environment counts then.
      speculation: speculation === false ? false : undefined,
    },
    environment: data === undefined ? process.env : environment,
  };
}

/** @throws BlockragError `invalid_option` */
export function dataPlace(options: CommonOptions): DataPlace {
  const { settings, environment } = givenBy(options);
  const { data = DEFAULT_DATA, stores } = givenSettings(['data', 'stores'], settings, environment);
  return { data: resolve(String(data)), stores: stores === undefined ? undefined : String(stores) };
}

/** Whether any of these settings is given. @throws BlockragError `invalid_option` */
export function givesAny(names: readonly string[], options: CommonOptions): boolean {
  const { settings, environment } = givenBy(options);
  return Object.keys(givenSettings(names, settings, environment)).length > 0;
}
