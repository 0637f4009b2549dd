import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { BlockragError } from '../../shared/errors.ts';
import { createLogger, type Logger, loggedError, requestLogger } from '../../shared/telemetry.ts';

const SENTENCE = 'The pump house was closed in 1911.';
const KEY = 'brk_0123456789abcdef';

function capture(): { logger: Logger; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = [];
  const logger = createLogger('trace', { write: (line) => void lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) };
}

/** A value under a path of names. */
function nested(value: unknown, ...names: string[]): Record<string, unknown> {
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<string, unknown>;
}

describe('createLogger', () => {
  it('writes one line of JSON an event', () => {
    const { logger, lines, last } = capture();
    logger.warn({ document: 'doc_1', code: 'document_empty' }, 'document failed');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toMatchObject({ level: 40, name: 'blockrag', document: 'doc_1', msg: 'document failed' });
  });

  it('writes to stderr, warnings and worse unless it is told to write more', () => {
    const code = (level: string) => `import('./shared/telemetry.ts').then(({ createLogger }) => {
      const logger = createLogger(${level});
      logger.info('started');
      logger.error('failed');
    })`;
    const run = (level: string) => {
      const child = spawnSync(process.execPath, ['--import', 'tsx', '-e', code(level)], { encoding: 'utf8' });
      expect(child.stdout).toBe('');
      return child.stderr
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).msg);
    };
    expect(run('')).toEqual(['failed']);
    expect(run("'info'")).toEqual(['started', 'failed']);
  });

  it('names the request in every line of it', () => {
    const { logger, last } = capture();
    const ofRequest = requestLogger(logger, 'req-7');
    ofRequest.info({ status: 200 }, 'answered');
    expect(last()).toMatchObject({ request: 'req-7', status: 200 });
    ofRequest.child({ route: '/v1/query' }).info('again');
    expect(last()).toMatchObject({ request: 'req-7', route: '/v1/query' });
  });
});

describe('redaction', () => {
  const texts = ['question', 'text', 'content', 'messages', 'prompt', 'input', 'passages', 'title', 'answer'];
  const secrets = ['authorization', 'Authorization', 'x-api-key', 'apiKey', 'api_key', 'key', 'cookie'];
  const parents = [[], ['headers'], ['request', 'headers'], ['context', 'request', 'headers']];

  it.each([...texts, ...secrets])('keeps %s out, four levels deep', (name) => {
    const { logger, lines } = capture();
    for (const above of parents) {
      logger.info(nested(`Bearer ${KEY} ${SENTENCE}`, ...above, name), 'asked');
      logger.child(nested(SENTENCE, ...above, name)).info('asked');
    }
    expect(lines).toHaveLength(2 * parents.length);
    for (const line of lines) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(KEY);
      expect(line).not.toContain('pump house');
    }
  });

  it('keeps out what lists, rows and bodies hold', () => {
    const { logger, lines } = capture();
    logger.info({ rows: [{ index: 3, text: SENTENCE, tokens: Uint32Array.of(811, 4242) }] }, 'rows');
    logger.info({ body: { anything: SENTENCE } }, 'body');
    logger.info({ bytes: new TextEncoder().encode(SENTENCE) }, 'upload');
    logger.info({ messages: [{ role: 'user', content: SENTENCE }] }, 'chat');
    for (const line of lines) expect(line).not.toMatch(/pump|4242|"0":/);
    expect(lines[0]).toContain('"index":3');
  });

  it('lets counts of the same names through', () => {
    const { logger, last } = capture();
    logger.info({ tokens: 256, bytes: 4096, usage: { passages: 5 }, answer: null }, 'encoded');
    expect(last()).toMatchObject({ tokens: 256, bytes: 4096, usage: { passages: 5 }, answer: null });
  });

  it('keeps values out of messages', () => {
    const { logger, lines, last } = capture();
    logger.info('asked %s', SENTENCE);
    logger.info({ status: 200 }, 'asked %s', SENTENCE);
    expect(lines.join('')).not.toContain('pump');
    expect(last()).toMatchObject({ status: 200, msg: 'asked %s' });
  });

  it('takes no message from an error', () => {
    const { logger, lines, last } = capture();
    logger.error(parseError());
    expect(last()).toMatchObject({ msg: 'no message', err: { code: 'SyntaxError' } });
    logger.error({ err: parseError() });
    expect(lines.join('')).not.toContain('pump');
  });
});

/** JSON.parse quotes the beginning of its input. */
function parseError(): Error {
  try {
    JSON.parse(SENTENCE.slice(4));
  } catch (error) {
    expect((error as Error).message).toContain('pump');
    return error as Error;
  }
  throw new Error('that was no JSON');
}

describe('loggedError', () => {
  it('gives code, message, frames, and of the cause its code only', () => {
    const cause = Object.assign(new Error(`open '/data/${SENTENCE}'`), { code: 'ENOENT' });
    const error = new BlockragError('storage_failed', 'The upload is gone.', { cause, data: { max: 3 } });
    const logged = loggedError(error);
    expect(logged).toMatchObject({ code: 'storage_failed', message: 'The upload is gone.', cause: 'ENOENT' });
    expect(Object.keys(logged).sort()).toEqual(['cause', 'code', 'message', 'stack']);
    expect(logged.stack?.split('\n').every((line) => /^\s+at /.test(line))).toBe(true);
    expect(logged.stack).toContain('telemetry.test.ts');
    expect(JSON.stringify(logged)).not.toContain('pump');
  });

  it('names foreign errors by their class', () => {
    expect(loggedError(new TypeError('x is not a function'))).toMatchObject({
      code: 'TypeError',
      message: 'x is not a function',
    });
    const wrapped = new BlockragError('internal', 'below', { cause: new RangeError('below') });
    expect(loggedError(wrapped)).toMatchObject({ code: 'internal', cause: 'RangeError' });
  });

  it('withholds messages that quote what was parsed, however they come', () => {
    const cause = parseError();
    const wrapped = new BlockragError('internal', cause.message, { cause });
    // As threads.ts makes it: the cause is lost, the stack is the cause's.
    const fromThread = new BlockragError('internal', cause.message);
    fromThread.stack = cause.stack!;
    for (const error of [cause, wrapped, fromThread]) {
      const logged = loggedError(error);
      expect(logged.message).toMatch(/^withheld/);
      expect(logged.stack).toContain('telemetry.test.ts');
      expect(JSON.stringify(logged)).not.toContain('pump');
    }
  });

  it('keeps our own message where such an error is the cause', () => {
    const error = new BlockragError('invalid_request', 'The body is not JSON.', { cause: parseError() });
    expect(loggedError(error)).toMatchObject({ message: 'The body is not JSON.', cause: 'SyntaxError' });
  });

  it('says nothing of what is no error', () => {
    expect(JSON.stringify(loggedError(SENTENCE))).not.toContain('pump');
    expect(loggedError(undefined)).toEqual({ code: 'undefined', message: 'something that is no error' });
  });
});
