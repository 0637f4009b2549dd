/** Requests to a server, and what goes wrong with them as errors of the one family. */
import { BlockragError, ERROR_STATUS, type ErrorCode, type ErrorData } from '../errors.ts';

export interface HttpOptions {
  url: string | URL;
  apiKey?: string | undefined;
}

export interface RequestParts {
  body?: FormData | object | undefined;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

export class Http {
  readonly url: string;
  #key: string | undefined;
  #closing = new AbortController();

  constructor({ url, apiKey }: HttpOptions) {
    this.url = String(url).replace(/\/+$/, '');
    this.#key = apiKey;
  }

  /** The JSON of an answer; undefined for 204. @throws BlockragError as `send` */
  async json<T>(method: string, path: string, parts: RequestParts = {}): Promise<T> {
    const response = await this.send(method, path, parts);
    if (response.status === 204) return undefined as T;
    return (await response.json().catch((cause: unknown) => {
      throw this.lost(cause, parts.signal);
    })) as T;
  }

  /**
   * Sends a request; a body that is no form goes as JSON.
   * @throws BlockragError with the server's code; `server_unreachable`; `cancelled` once the signal is aborted, or the
   *   client is closed
   */
  async send(method: string, path: string, { body, headers, signal }: RequestParts = {}): Promise<Response> {
    const form = body instanceof FormData;
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const response = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.any(signals),
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      headers: {
        ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        ...headers,
      },
    }).catch((cause: unknown) => {
      throw this.lost(cause, signal);
    });
    if (!response.ok) throw toError(await response.json().catch(() => ({})));
    return response;
  }

  /** What a failed connection is told as. */
  lost(cause: unknown, signal: AbortSignal | undefined): BlockragError {
    if (signal?.aborted || this.#closing.signal.aborted) {
      return new BlockragError('cancelled', 'The request was cancelled.', { cause });
    }
    const message = `The server at ${this.url} does not answer: see whether it runs, and try again.`;
    return new BlockragError('server_unreachable', message, { cause });
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }
}

/** The error that a problem document (RFC 9457) tells of, with its code and facts. */
export function toError(problem: unknown): BlockragError {
  const { type: _, title, status, code, detail, ...facts } = Object(problem) as Record<string, unknown>;
  const known = typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code);
  const message = typeof detail === 'string' ? detail : 'The server failed without saying why.';
  return new BlockragError(known ? (code as ErrorCode) : 'internal', message, { data: facts as ErrorData });
}
