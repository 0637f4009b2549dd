/** Limits how many requests are handled at once, because each holds its body and a stream its connection. */
import type { HonoRequest, MiddlewareHandler } from 'hono';
import { type Holder, Shares } from '../../access/shares.ts';
import type { ApiEnv, Caller } from '../context.ts';
import { carriesDocument, isUpload } from './body-limits.ts';

/** Of all requests, streams to their end. */
const MAX_REQUESTS = 256;
/** Of those that follow a document, which may take hours. */
const MAX_STREAMS = 128;
/** Of those whose body is a document, which is in memory as a whole; with a key, and to one-time URLs. */
const MAX_UPLOADS = 8;
/** Of those that need no key: descriptions of the API. */
const MAX_OPEN = 16;

const EVENTS = /^\/v1\/documents\/[^/]+\/events$/;
/** What the model answers. */
const ANSWERS = /^\/(mcp|v1\/(query|chat\/completions|completions|responses|messages))$/;

/**
 * Refuses what would be too much at once, of all callers or of one.
 * @param maxAnswers answers under way or waiting
 * @throws BlockragError `overloaded`, `rate_limited`
 */
export function limitConcurrency({ maxAnswers }: { maxAnswers: number }): MiddlewareHandler<ApiEnv> {
  const requests = new Shares(MAX_REQUESTS, 'requests');
  const open = new Shares(MAX_OPEN, 'requests');
  const streams = new Shares(MAX_STREAMS, 'streams of events');
  const answers = new Shares(maxAnswers, 'questions');
  // Two kinds: who was given a URL does not keep out who has a key.
  const [uploads, announced] = [new Shares(MAX_UPLOADS, 'uploads'), new Shares(MAX_UPLOADS, 'uploads')];
  const kindsOf = (request: HonoRequest): Shares[] => {
    const { method, path } = request;
    if (isUpload(request)) return [requests, announced];
    if (carriesDocument(request)) return [requests, uploads];
    if (method === 'POST' && ANSWERS.test(path)) return [requests, answers];
    return method === 'GET' && EVENTS.test(path) ? [requests, streams] : [requests];
  };
  return async (c, next) => {
    // Whether the server is there is asked most when it is busy.
    if (c.req.path === '/healthz') return next();
    const caller = c.get('caller');
    const leave: (() => void)[] = [];
    try {
      for (const kind of caller === undefined ? [open] : kindsOf(c.req)) {
        leave.push(kind.take(holderOf(caller)));
      }
      await next();
    } finally {
      const end = () => {
        for (const one of leave) one();
      };
      const streamed = c.get('streamed');
      if (streamed === undefined) end();
      else void streamed.then(end);
    }
  };
}

/** Without keys there is one caller: all programs of this machine. */
function holderOf(caller: Caller | undefined): Holder | undefined {
  const known = caller !== undefined && (caller.key !== null || caller.scopes.length === 0);
  return known ? caller : undefined;
}
