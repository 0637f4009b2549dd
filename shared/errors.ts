/**
 * The one error family. Every error that a user can cause or act on has a stable `code`. The REST API answers with it
 * as problem+json (RFC 9457); the command line prints it on one line. What each code means: error-meanings.ts.
 */

/** Stable code -> HTTP status. Codes are part of the API: never rename one. */
export const ERROR_STATUS = {
  // what was asked
  invalid_request: 400,
  invalid_option: 400,
  unsupported_parameter: 400,
  request_too_large: 413,
  request_too_slow: 408,
  question_empty: 400,
  question_too_long: 413,
  prompt_too_long: 413,
  unauthorized: 401,
  forbidden: 403,
  scope_missing: 403,
  quota_exceeded: 403,
  not_found: 404,
  document_not_found: 404,
  collection_not_found: 404,
  no_documents: 404,
  method_not_allowed: 405,
  conflict: 409,
  idempotency_mismatch: 422,
  unsupported_media_type: 415,
  rate_limited: 429,
  // documents
  document_empty: 422,
  document_no_text: 422,
  document_encrypted: 422,
  document_corrupt: 422,
  document_not_text: 422,
  document_type_unknown: 415,
  document_exists: 409,
  document_too_large: 413,
  document_too_complex: 422,
  document_timeout: 422,
  document_parser_crashed: 422,
  document_parser_missing: 500,
  // model
  model_unknown: 404,
  model_download_failed: 502,
  model_checksum_mismatch: 502,
  model_tool_missing: 500,
  model_corrupt: 422,
  model_unsupported: 422,
  model_check_failed: 422,
  model_no_tokenizer: 422,
  provider_unavailable: 500,
  // data directory and stores
  data_directory_in_use: 409,
  data_format_unknown: 409,
  reencode_required: 409,
  catalog_mismatch: 409,
  storage_full: 507,
  storage_failed: 500,
  blob_invalid: 500,
  index_rebuilding: 503,
  // running
  overloaded: 503,
  shutting_down: 503,
  server_unreachable: 503,
  request_timeout: 504,
  cancelled: 499,
  worker_died: 500,
  internal: 500,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Facts of one error for a program to read: numbers and names only, never document text or secrets. */
export type ErrorData = Record<string, string | number | boolean | null>;

/**
 * An error with a stable code. The message is one sentence that says what is wrong and what to do.
 *
 * @example throw new BlockragError('document_empty', 'notes.txt is empty: there is nothing to read.')
 */
export class BlockragError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: ErrorData } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BlockragError';
    this.code = code;
    this.data = options.data ?? {};
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** True for an error of this family, with that code if one is given. */
export function isBlockragError(error: unknown, code?: ErrorCode): error is BlockragError {
  return error instanceof BlockragError && (code === undefined || error.code === code);
}

/**
 * Any thrown value as a BlockragError: one of ours as it is, an abort as `cancelled`, a full disk as
 * `storage_full`, anything else as `internal` with the value as its cause.
 */
export function toBlockragError(error: unknown): BlockragError {
  if (error instanceof BlockragError) return error;
  const { name, code, message } = Object(error) as { name?: string; code?: string; message?: string };
  if (name === 'AbortError')
    return new BlockragError('cancelled', 'The request was cancelled.', { cause: error });
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BlockragError('storage_full', 'The disk is full: free some space and try again.', {
      cause: error,
    });
  }
  return new BlockragError('internal', message || String(error), { cause: error });
}
