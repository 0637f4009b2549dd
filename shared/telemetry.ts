/** The one logger: JSON lines on stderr, without document text, questions or keys. */
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino } from 'pino';

import type { LogLevel } from './log-levels.ts';

export type { Logger };

/** Fields that hold secrets, under the names that they have in headers, settings and our own code. */
const SECRETS = [
  ...['authorization', 'Authorization', 'proxy-authorization', 'cookie', 'set-cookie'],
  ...['x-api-key', 'apiKey', 'api_key', 'key', 'keys', 'token', 'password', 'secret'],
  ...['secretAccessKey', 'sessionToken', 'uploadUrl', 'upload_url'],
];
/** Fields that hold what users wrote, or token ids, which are the same. */
const TEXTS = [
  ...['question', 'query', 'prompt', 'input', 'messages', 'turns', 'earlier', 'system', 'stop'],
  ...['text', 'texts', 'content', 'title', 'passage', 'passages', 'citation', 'citations', 'answer', 'delta'],
  ...['body', 'bytes', 'object', 'tokens', 'preface', 'finalBlock'],
];
/** A field is found this deep in what is logged: { request: { headers: { authorization } } } is 3. */
const DEPTH = 4;

const REDACTED = '[redacted]';
const WITHHELD = 'withheld: it may quote what was parsed';

/**
 * A message is a constant; what varies is a field. Fields of secrets and text are redacted unless they are
 * numbers (`tokens: 12`), values for a message's placeholders are dropped.
 */
export function createLogger(
  level: LogLevel = 'warn',
  stream: DestinationStream = destination({ dest: 2, sync: true }),
): Logger {
  const options: LoggerOptions = {
    name: 'blockrag',
    level,
    redact: { paths: redactedPaths(), censor },
    serializers: { err: loggedError, error: loggedError },
    hooks: { logMethod: logConstant },
  };
  return pino(options, stream);
}

/** A logger whose every line names the request. */
export function requestLogger(logger: Logger, id: string): Logger {
  return logger.child({ request: id });
}

/** An error as it is logged. */
export interface LoggedError {
  /** Of our errors the stable code, else the system's ("ENOENT") or the class. */
  code: string;
  message: string;
  /** The frames alone. */
  stack?: string;
  /** The code of the cause. */
  cause?: string;
}

/** What is logged of a thrown value. JSON.parse quotes its input in its errors: their messages are withheld. */
export function loggedError(thrown: unknown): LoggedError {
  if (!(thrown instanceof Error)) return { code: typeof thrown, message: 'something that is no error' };
  const { message, cause } = thrown;
  const code = codeOf(thrown);
  // A foreign error comes as `internal` with the foreign message, from a thread also without its cause.
  const foreign = code === 'internal' || code === thrown.name;
  const stack = framesOf(thrown);
  return {
    code,
    message: foreign && (quotesInput(thrown) || quotesInput(cause)) ? WITHHELD : message,
    ...(stack !== '' && { stack }),
    ...(cause !== undefined && { cause: codeOf(cause) }),
  };
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const { code } = thrown as { code?: unknown };
  return typeof code === 'string' ? code : thrown.name;
}

function quotesInput(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === 'SyntaxError' || /^SyntaxError/.test(thrown.stack ?? ''))
  );
}

/** The stack without the message that it begins with. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message);
  const rest = at < 0 ? stack : stack.slice(at + message.length);
  return rest
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

function redactedPaths(): string[] {
  const paths: string[] = [];
  for (let depth = 0; depth < DEPTH; depth++) {
    const parents = Array(depth).fill('*').join('.');
    for (const name of [...SECRETS, ...TEXTS]) paths.push(`${parents}["${name}"]`);
  }
  return paths;
}

function censor(value: unknown): unknown {
  return value === null || typeof value === 'number' || typeof value === 'boolean' ? value : REDACTED;
}

/** Only fields are redacted, so only fields may carry values. */
const logConstant: NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']> = function (args, method) {
  const [first, message] = args as unknown[];
  if (typeof first === 'string') method.call(this, first);
  // Without a message pino takes the error's.
  else method.call(this, first, typeof message === 'string' ? message : 'no message');
};
