import { BlockragError } from '../../errors.ts';

/** The bytes that arrived are not the object: truncated, damaged or replaced meanwhile. Reading again may help. */
export class BrokenRead extends Error {
  override name = 'BrokenRead';
}

/** What the SDK's errors have in common. */
interface S3Error {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

/** The HTTP status of an answer that was an error. */
export function statusOf(error: unknown): number | undefined {
  return (Object(error) as S3Error).$metadata?.httpStatusCode;
}

/** How often the SDK has sent the request that failed. */
export function attemptsOf(error: unknown): number {
  return (Object(error) as S3Error).$metadata?.attempts ?? 1;
}

const REFUSED = 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role that is used';
const RIGHTS = 's3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket';
const SLOWER = 'S3 wants fewer requests. Try again later, or lower the concurrency';
const REGION = 'the bucket is in another region. Set AWS_REGION to it';
const NETWORK = 'Check the network, the endpoint and the region';

/** Error name -> what is wrong and what to do, where S3's own words do not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  ExpiredToken: 'the credentials have expired. Get new ones and start again',
  ExpiredTokenException: 'the credentials have expired. Get new ones and start again',
  TokenRefreshRequired: 'the credentials have expired. Get new ones and start again',
  InvalidAccessKeyId: `the access key is unknown: ${REFUSED}`,
  InvalidToken: `the session token is not accepted: ${REFUSED}`,
  SignatureDoesNotMatch: `the secret key is not accepted: ${REFUSED}`,
  CredentialsProviderError: `there are no credentials: ${REFUSED}`,
  AccessDenied: `access is denied: the user or role needs ${RIGHTS} on the bucket`,
  RequestTimeTooSkewed: "this machine's clock is wrong. Set it",
  SlowDown: SLOWER,
  ServiceUnavailable: SLOWER,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  TimeoutError: `nothing came for too long. ${NETWORK}`,
};

/** Status -> the same, for answers without a name: HEAD has no body to carry one. */
const ADVICE_BY_STATUS: Readonly<Record<number, string>> = {
  301: REGION,
  403: `access is denied: the credentials have expired, or lack ${RIGHTS} on the bucket`,
  503: SLOWER,
};

/**
 * An error of S3, or of the way there, as `storage_failed` that says what to do; data.code is its name and
 * data.status the HTTP status. One of ours is returned as it is. Keys and secrets never get into it.
 *
 * @param action what was being done, to complete "Could not ..."
 */
export function s3Failure(error: unknown, action: string, bucket: string): BlockragError {
  if (error instanceof BlockragError) return error;
  const code = nameOf(error);
  const status = statusOf(error);
  const data = {
    bucket,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
  };
  const message = `Could not ${action} in the bucket ${bucket}: ${reasonOf(error, code, status)}.`;
  return new BlockragError('storage_failed', message, { cause: error, data });
}

function reasonOf(error: unknown, code: string | undefined, status: number | undefined): string {
  const { message = String(error), code: system } = Object(error) as S3Error;
  if (code === 'NoSuchBucket') return 'there is no such bucket. Create it, or set another name';
  if (error instanceof BrokenRead) return `what arrives is broken each time (${message}). Try again later`;
  const advice = ADVICE[code ?? ''] ?? ADVICE_BY_STATUS[status ?? 0];
  if (advice !== undefined) return advice;
  const said = message.replace(/\.$/, '');
  // Node's own: ECONNREFUSED, ENOTFOUND and their like.
  return system === undefined ? `${code === undefined ? '' : `${code}, `}${said}` : `${said}. ${NETWORK}`;
}

function nameOf(error: unknown): string | undefined {
  const { name, code } = Object(error) as S3Error;
  return name === undefined || name === 'Error' || name === 'UnknownError' ? code : name;
}
