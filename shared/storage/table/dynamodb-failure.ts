/** Failures of DynamoDB: which ones are retried, and which error the caller gets for the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { BlockragError } from '../../errors.ts';
import { storageFailure } from '../failure.ts';

const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;

// Names of the attributes included.
const MAX_ROW_BYTES = 400 * 1024;

const THROTTLED: ReadonlySet<string | undefined> = new Set([
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'ThrottlingException',
  'ThrottlingError',
]);
// Not a condition that failed: another transaction was at work on the same row at that moment.
const RACED: ReadonlySet<string | undefined> = new Set([
  'TransactionConflictException',
  'TransactionConflict',
]);

const RIGHTS = 'BatchGetItem, Query, UpdateItem, DeleteItem and ConditionCheckItem';

const WHAT_TO_DO: Record<string, string> = {
  ExpiredTokenException: 'the AWS credentials have expired. Renew them and try again',
  UnrecognizedClientException: 'AWS does not know these credentials. Check them',
  InvalidSignatureException: 'AWS refuses the signature. Check the secret key and the clock',
  MissingAuthenticationTokenException: 'there are no AWS credentials. Provide some',
  CredentialsProviderError: 'there are no AWS credentials. Provide some',
  AccessDeniedException: `access is denied: the user or role needs ${RIGHTS} on the table`,
  ResourceNotFoundException: 'there is no such table in this region. Deploy it, or check its name',
  TimeoutError: 'DynamoDB did not answer in time. Try again',
};

/**
 * Sends a request until it is answered with something lasting. The SDK repeats what fails on the wire and
 * throttled requests; this repeats what it does not know to pass: races of transactions, and transactions
 * cancelled by throttling.
 *
 * @param action what is done, to complete "Could not ..."
 * @throws BlockragError `conflict` (data.index) for a transaction of which a condition does not hold,
 *   `invalid_request` for a row that DynamoDB cannot hold, `overloaded`, `storage_failed`
 */
export async function untilSettled<T>(action: string, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (!passes(error) || attempt === MAX_ATTEMPTS) throw dynamoFailure(error, action);
    }
    await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));
  }
}

/** The error of a write whose condition does not hold; `index` is the place of its operation. */
export function conflict(index: number): BlockragError {
  const message = 'What was to be written was changed meanwhile: read it again and retry.';
  return new BlockragError('conflict', message, { data: { index } });
}

function passes(error: unknown): boolean {
  const reasons = reasonsOf(error);
  if (reasons === undefined) return RACED.has(nameOf(error));
  const codes = reasons.map(({ Code }) => Code);
  const lasting = codes.includes('ConditionalCheckFailed') || codes.includes('ValidationError');
  return !lasting && codes.some((code) => RACED.has(code) || THROTTLED.has(code));
}

function dynamoFailure(error: unknown, action: string): BlockragError {
  const reasons = reasonsOf(error) ?? [];
  const failed = reasons.findIndex(({ Code }) => Code === 'ConditionalCheckFailed');
  if (failed >= 0) return conflict(failed);
  const refused = reasons.find(({ Code }) => Code === 'ValidationError');
  if (refused !== undefined) return refusal(error, action, refused.Message);
  const name = nameOf(error);
  if (name === 'ValidationException') return refusal(error, action, (error as Error).message);
  const codes = [name, ...reasons.map(({ Code }) => Code)];
  if (codes.some((code) => THROTTLED.has(code) || RACED.has(code))) {
    const message = `Could not ${action}: DynamoDB has more requests than it takes. Try again later.`;
    return new BlockragError('overloaded', message, { cause: error });
  }
  const toDo = WHAT_TO_DO[name ?? ''];
  if (toDo === undefined) return storageFailure(error, action);
  const data = { code: name ?? '' };
  return new BlockragError('storage_failed', `Could not ${action}: ${toDo}.`, { cause: error, data });
}

function refusal(error: unknown, action: string, message = 'the request is not valid'): BlockragError {
  if (/item size.*exceeded/i.test(message)) {
    const tooLarge = `Could not ${action}: a row is larger than the ${MAX_ROW_BYTES / 1024} KB of DynamoDB.`;
    return new BlockragError('invalid_request', tooLarge, { cause: error, data: { limit: MAX_ROW_BYTES } });
  }
  return new BlockragError('invalid_request', `Could not ${action}: ${message}`, { cause: error });
}

function reasonsOf(error: unknown): CancellationReason[] | undefined {
  return error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
