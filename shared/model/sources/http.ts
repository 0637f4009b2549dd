/** A GET that follows redirects itself, to control where the token is sent and to read each response's headers. */
import { BlockragError } from '../../errors.ts';

/** A failure that another attempt may cure: the network, a busy server, a body cut short. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** No answer came. */
export class Unreachable extends Interrupted {}

/** The last answer of a chain of redirects. */
export interface Answer {
  response: Response;
  /** Strong ETag of the last answer, with its quotes: what If-Range takes. */
  etag: string | undefined;
  /** SHA-256 of the whole file, where one of the answers tells it. */
  sha256: string | undefined;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 10;

/**
 * @param token sent as bearer to the URL's own origin, never to another that it redirects to
 * @throws Unreachable when no answer comes; BlockragError `model_download_failed` for a redirect that is
 *   not followed
 */
export async function get(
  url: URL,
  request: {
    headers: Record<string, string>;
    token: string | undefined;
    /** How long to wait for each answer. */
    answerMs?: number | undefined;
    signal: AbortSignal | undefined;
  },
): Promise<Answer> {
  let at = url;
  let linked: string | undefined;
  let own: string | undefined;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const headers = new Headers(request.headers);
    if (request.token !== undefined && at.origin === url.origin) {
      headers.set('authorization', `Bearer ${request.token}`);
    }
    const response = await ask(at, headers, request);
    linked ??= sha256Of(response.headers.get('x-linked-etag'));
    // Another origin's ETag may be 64 hex digits of something else (Xet's hash, for one).
    if (at.origin === url.origin) own ??= sha256Of(response.headers.get('etag'));
    const location = response.headers.get('location');
    if (!REDIRECTS.has(response.status) || location === null) {
      const etag = response.headers.get('etag');
      return { response, etag: etag?.startsWith('"') ? etag : undefined, sha256: linked ?? own };
    }
    await discard(response);
    at = follow(at, location);
  }
  throw new BlockragError('model_download_failed', `${url.origin} redirects in circles.`);
}

/** Lets go of an answer whose body is not wanted. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

async function ask(
  url: URL,
  headers: Headers,
  { answerMs, signal }: { answerMs?: number | undefined; signal: AbortSignal | undefined },
): Promise<Response> {
  const late = new AbortController();
  const timer = answerMs === undefined ? undefined : setTimeout(() => late.abort(), answerMs);
  try {
    const signals = [signal, timer && late.signal].filter((one) => one !== undefined);
    return await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.any(signals) });
  } catch (error) {
    const cause = (error as { cause?: { message?: string; code?: string } }).cause;
    const why = late.signal.aborted
      ? `no answer in ${answerMs! / 1000} s`
      : (cause?.code ?? cause?.message ?? (error as Error).message);
    throw new Unreachable(`${url.host} cannot be reached (${why})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function follow(from: URL, location: string): URL {
  if (URL.canParse(location, from.href)) {
    const to = new URL(location, from);
    if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')) return to;
  }
  throw new BlockragError(
    'model_download_failed',
    `${from.host} redirects to where no file is fetched from.`,
  );
}

function sha256Of(etag: string | null): string | undefined {
  return etag === null ? undefined : /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(etag)?.[1]?.toLowerCase();
}
