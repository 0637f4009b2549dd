/** What every error code means and what to do about it, in one sentence. docs/reference/errors.md is made from this. */
import type { ErrorCode } from './errors.ts';

export const ERROR_MEANINGS = {
  // what was asked
  invalid_request:
    'The request does not fit its schema: correct the field that `field` or the message names.',
  invalid_option:
    'An option or an environment variable has a value that is not allowed: correct the one named.',
  unsupported_parameter:
    'What an OpenAI parameter or an item asks for is not implemented: leave it out or give it its neutral value.',
  request_too_large:
    'The body is larger than this route accepts: send less, or send a document through `POST /v1/uploads`.',
  request_too_slow: 'The body came too slowly: send it without pauses, or in smaller parts.',
  question_empty: 'The question has no text: ask one.',
  question_too_long:
    'The question has too many characters: shorten it, or raise `BLOCKRAG_MAX_QUESTION_LENGTH`.',
  prompt_too_long:
    'The question and the system text do not fit into the model or into the memory for contexts: shorten them, or raise `BLOCKRAG_CONTEXT_BYTES`.',
  unauthorized: 'The API key is missing, unknown or revoked: send `Authorization: Bearer brk_...`.',
  forbidden:
    'The server refuses this caller, for example a web page of another site, or a key that reaches for another tenant: call it from where it is allowed.',
  scope_missing: 'The API key lacks the scope that this route needs: use a key that has it.',
  quota_exceeded: 'The tenant may not store or use more: remove documents, or have its limits raised.',
  not_found:
    'There is nothing at this path, or a one-time upload URL is unknown or has expired: check the URL.',
  document_not_found: 'The tenant has no document with this id or name: list the documents.',
  collection_not_found: 'The tenant has no collection with this name: add documents to it first.',
  no_documents: 'There is no document to answer from yet: add some, or wait until they are encoded.',
  method_not_allowed:
    'The path exists but not with this HTTP method: use one of those in the `Allow` header.',
  conflict:
    'Something else changed or used the same thing at the same time: look at its state, then try again.',
  idempotency_mismatch:
    'This `Idempotency-Key` was used for another request: choose a new key for every new request.',
  unsupported_media_type: 'The route does not take this `Content-Type`: send one that the route describes.',
  rate_limited:
    'The tenant has sent too many requests, has too many under way, or has used all of its tokens for now: try again after `Retry-After` seconds.',
  // documents
  document_empty: 'The document has no bytes: check the file.',
  document_no_text:
    'No text was found in the document: if it is a scan, have it recognised with `--ocr` or `BLOCKRAG_OCR`.',
  document_encrypted: 'The document is protected by a password: remove the protection and add it again.',
  document_corrupt: 'The document is damaged or not what its format requires: open it and save it again.',
  document_not_text:
    'The document should be text but holds binary data: the message says what it is, where that can be seen.',
  document_type_unknown:
    'The format is not read: convert the document as the message says, or to PDF, an Office format, HTML or text.',
  document_exists:
    'There is another document of this name, and `if_exists` is `error`: choose another name, or replace it.',
  document_too_large: 'The document has too many bytes: split it, or raise `BLOCKRAG_MAX_DOCUMENT_BYTES`.',
  document_too_complex: 'Reading the document needs more memory than is allowed: split it into smaller ones.',
  document_timeout: 'Reading the document took longer than is allowed: split it into smaller ones.',
  document_parser_crashed:
    'The document ended the process that reads documents: save it anew or convert it, and add it again.',
  document_parser_missing:
    'The library or the language data that reads such documents is not installed: the message names it.',
  // model
  model_unknown:
    'There is no model with this name or path: `blockrag model list` and `GET /v1/models` list them.',
  model_download_failed:
    'The model could not be downloaded: check the network and the reference, then try again.',
  model_checksum_mismatch:
    'The downloaded file is not the one that was expected: try again, and do not use the file if that does not help.',
  model_tool_missing:
    'A program that the download needs is missing: install Python 3 with pip, as the message says.',
  model_corrupt:
    'The model, compiled model or adapter file is damaged: delete it and fetch or compile it again.',
  model_unsupported:
    'This model cannot be compiled: choose one with the architecture llama, qwen2, qwen3 or gemma3.',
  model_check_failed:
    'The compiled model failed its self-check and is not used: choose another compute type or another model.',
  model_no_tokenizer: 'The model file holds no tokenizer: use a GGUF file that has one.',
  provider_unavailable:
    'The model cannot run on this provider: install its libraries, or use `BLOCKRAG_PROVIDER=cpu`.',
  // data directory and stores
  data_directory_in_use:
    'Another process works on the data directory, possibly with other settings: stop it, or use the settings that it serves with.',
  data_format_unknown: 'Another version of blockrag wrote these data: use the version that did.',
  reencode_required:
    'The documents were encoded with another model or other settings: run `blockrag reencode`, start `blockrag serve --other-settings reencode`, or use the former settings.',
  catalog_mismatch:
    'The catalog is new or older than the stored documents, so nothing that it does not know is removed: run `blockrag restore`, `blockrag repair`, or `blockrag serve --adopt-catalog`.',
  storage_full: 'The disk is full: free some space and try again.',
  storage_failed: 'A store failed or cannot be reached: follow the reason in the message, then try again.',
  blob_invalid:
    'Stored keys and values are damaged: check the disk. Answers compute such a block again by themselves.',
  index_rebuilding:
    'The search index was lost or damaged and is being filled again from the catalog: try again after `Retry-After` seconds.',
  // running
  overloaded: 'The server has as much work as it accepts: try again after `Retry-After` seconds.',
  shutting_down: 'The server is stopping: try again after `Retry-After` seconds.',
  server_unreachable: 'A server owns the data directory but does not answer: check that process, or stop it.',
  request_timeout:
    'The request took longer than is allowed: ask for less, or raise `BLOCKRAG_REQUEST_TIMEOUT_MS`.',
  cancelled: 'The caller cancelled the request: there is nothing to do.',
  worker_died: 'A worker thread ended unexpectedly: try again, and read the log if it happens again.',
  internal: 'Something went wrong inside blockrag: report it with the log lines of the request.',
} as const satisfies Record<ErrorCode, string>;
