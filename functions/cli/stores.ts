/** The stores that the settings name: a data directory, or those of AWS that several servers share. */
import type { Config } from '../../shared/config.ts';
import { BlockragError, isBlockragError } from '../../shared/errors.ts';
import { openEmbeddedStores } from '../../shared/stores/embedded.ts';
import type { Stores } from '../../shared/stores/stores.ts';
import { s3Endpoint } from '../s3-endpoint.ts';

export interface OpenStoresOptions {
  /** What runs, for whoever finds a data directory in use: "serve". */
  command: string;
  /** Makes a bucket and a table that are missing. */
  createStores?: boolean | undefined;
}

/** @throws BlockragError `data_directory_in_use`, `invalid_option`, `storage_full`, `storage_failed` */
export async function openStores(
  config: Config,
  { command, createStores: create }: OpenStoresOptions,
): Promise<Stores> {
  if (create === true) await createStores(config);
  if (config.stores === undefined) return openEmbeddedStores(config.data, { command });
  const { openAwsStores, parseAwsStores } = await import('../../shared/stores/aws.ts');
  const { blobCacheBytes, maxDocumentBytes } = config;
  const options = {
    ...parseAwsStores(config.stores),
    blobCacheBytes,
    maxDocumentBytes,
    s3Endpoint: s3Endpoint(),
  };
  return openAwsStores(options).catch((cause: unknown) => {
    if (!isBlockragError(cause, 'storage_failed')) throw cause;
    const advice = `Check that the bucket ${options.bucket} is there and may be used; --create-stores makes it.`;
    throw new BlockragError('storage_failed', `${cause.message} ${advice}`, { cause });
  });
}

/** Makes a bucket and a table that are missing (--create-stores). @throws BlockragError `invalid_option` */
export async function createStores({ stores }: Pick<Config, 'stores'>): Promise<void> {
  if (stores === undefined) {
    const message = '--create-stores needs --stores, which says what is to be made.';
    throw new BlockragError('invalid_option', message);
  }
  const { createAwsStores, parseAwsStores } = await import('../../shared/stores/aws.ts');
  await createAwsStores(parseAwsStores(stores));
}
