import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** How S3 is reached. What is not given comes from where the AWS SDK looks: environment, profile, role. */
export interface S3ClientOptions {
  region?: string;
  /** Another server that speaks S3, as http://host:port; buckets are then part of the path. */
  endpoint?: string;
  credentials?: NonNullable<S3ClientConfig['credentials']>;
  /** Requests at once, and connections kept (32). */
  concurrency?: number;
  /** Tries of one request, the first included (5). */
  maxAttempts?: number;
  /** Milliseconds to wait for a connection, and for the next byte on it (10 s). */
  idleMs?: number;
}

export const DEFAULT_CONCURRENCY = 32;
export const DEFAULT_MAX_ATTEMPTS = 5;
const DEFAULT_IDLE_MS = 10_000;

/**
 * A client for many objects of a few megabytes. It keeps connections, tries throttled and broken requests again after
 * growing random pauses, and gives up connections on which nothing arrives. It has `concurrency` connections; callers
 * with more requests should wait first, because waiting for a free connection counts as connecting.
 */
export function openS3Client(options: S3ClientOptions = {}): S3Client {
  const { region, endpoint, credentials, idleMs = DEFAULT_IDLE_MS } = options;
  const agent = { keepAlive: true, maxSockets: options.concurrency ?? DEFAULT_CONCURRENCY };
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    retryMode: 'standard',
    // With it, every upload of 2 MiB and more would open a connection of its own.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: idleMs,
      socketTimeout: idleMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}
