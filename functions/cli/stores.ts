/** The stores that the settings name: a data directory, or those of AWS that several servers share. */
import type { Config } from '../../shared/config.ts';
import { BlockragError, isBlockragError } from '../../shared/errors.ts';
import { openEmbeddedStores } from '../../shared/stores/embedded.ts';
import type { Stores } from '../../shared/stores/stores.ts';

export interface OpenStoresOptions {
  /** What runs, for whoever finds a data directory in use: "serve". */
  command: string;
  /** Makes a bucket and a table that are missing. */
  createStores?: boolean | undefined;
}

/** @throws BlockragError `data_directory_in_use`, `invalid_option`, `storage_full`, `storage_failed` */
export async function openStores(
  config: Config,
  { command, createStores }: OpenStoresOptions,
): Promise<Stores> {
  if (createStores === true && config.stores === undefined) throw nothingToCreate();
  if (config.stores === undefined) return openEmbeddedStores(config.data, { command });
  const { createAwsStores, openAwsStores, parseAwsStores } = await import('../../shared/stores/aws.ts');
  const { blobCacheBytes, maxDocumentBytes } = config;
  const options = {
    ...parseAwsStores(config.stores),
    blobCacheBytes,
    maxDocumentBytes,
    s3Endpoint: process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL,
  };
  if (createStores === true) await createAwsStores(options);
  return openAwsStores(options).catch((cause: unknown) => {
    if (!isBlockragError(cause, 'storage_failed')) throw cause;
    const advice = `Check that the bucket ${options.bucket} is there and may be used; --create-stores makes it.`;
    throw new BlockragError('storage_failed', `${cause.message} ${advice}`, { cause });
  });
}

/** What --create-stores alone is answered with. */
export function nothingToCreate(): BlockragError {
  const message = '--create-stores needs --stores, which says what is to be made.';
  return new BlockragError('invalid_option', message);
}
