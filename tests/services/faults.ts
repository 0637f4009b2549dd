/** What can go wrong on the wire between a client and an AWS service. */

/** One fault. Those with `bytes` count the bytes of the body that arrive before it. */
export type Fault =
  /** The service is not asked: the client gets this answer. */
  | { kind: 'answer'; status: number; headers: string[]; body: Buffer }
  /** None: this request passes. */
  | { kind: 'none' }
  /** The connection is reset before the service has seen the request. */
  | { kind: 'reset' }
  /** The service does what it was asked, the connection is reset instead of its answer. */
  | { kind: 'lose' }
  /** The connection closes in the middle of the body. */
  | { kind: 'truncate'; bytes: number }
  /** The body ends early and the header says so: only a checksum can tell. */
  | { kind: 'shorten'; bytes: number }
  /** One bit of one byte of the body is flipped. */
  | { kind: 'corrupt'; at: number }
  /** Nothing comes for a while: before the answer, or in its body. */
  | { kind: 'stall'; ms: number; bytes: number };

/** S3: requests come faster than the bucket's partitions can scale. */
export const slowDown = (): Fault => s3Error(503, 'SlowDown', 'Please reduce your request rate.');

/** S3: a conditional write met another one in flight. */
export const conditionalRequestConflict = (): Fault =>
  s3Error(409, 'ConditionalRequestConflict', 'A conflicting operation occurred. Please retry.');

/** S3: the credentials of a session have run out. */
export const expiredToken = (): Fault => s3Error(403, 'ExpiredToken', 'The provided token has expired.');

/** DynamoDB: the table has no capacity left for this second. */
export const throughputExceeded = (): Fault =>
  answer(
    400,
    'application/x-amz-json-1.0',
    JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'The level of configured provisioned throughput for the table was exceeded.',
    }),
  );

/** Any error of S3, in its XML. */
export function s3Error(status: number, code: string, message: string): Fault {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return answer(status, 'application/xml', xml);
}

export const none = (): Fault => ({ kind: 'none' });
export const reset = (): Fault => ({ kind: 'reset' });
export const loseAnswer = (): Fault => ({ kind: 'lose' });
export const truncate = (bytes: number): Fault => ({ kind: 'truncate', bytes });
export const shorten = (bytes: number): Fault => ({ kind: 'shorten', bytes });
export const corrupt = (at: number): Fault => ({ kind: 'corrupt', at });
export const stall = (ms: number, bytes = 0): Fault => ({ kind: 'stall', ms, bytes });

function answer(status: number, type: string, text: string): Fault {
  const body = Buffer.from(text);
  const headers = ['content-type', type, 'content-length', String(body.length), 'x-amzn-requestid', 'fault'];
  return { kind: 'answer', status, headers, body };
}
