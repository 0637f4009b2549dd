/** Forms (multipart/form-data), read as they come, with few and small parts beside the document. */
import { MaxFileSizeExceededError, MultipartParser, type MultipartPart } from '@remix-run/multipart-parser';
import type { Context } from 'hono';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';
import { type BodyLimit, chunksOf } from './read.ts';

/** More than any form of ours has. */
const MAX_PARTS = 16;
const MAX_HEADER_BYTES = 4 * 1024;
const MAX_FIELD_BYTES = 64 * 1024;
/** RFC 2046, 5.1.1: 1 to 70 characters, of which these are the ones in use. */
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;

/**
 * A form; its files are in memory.
 * @throws BlockragError `invalid_request` for what is no form or has too many or too large parts; those of `chunksOf`
 */
export async function readForm(c: Context<ApiEnv>, limit: BodyLimit): Promise<FormData> {
  const [, quoted, plain] = BOUNDARY.exec(c.req.header('content-type') ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw malformed('its Content-Type names no boundary');
  const parser = new MultipartParser(boundary, {
    maxHeaderSize: MAX_HEADER_BYTES,
    maxFileSize: limit.bytes,
    maxTotalSize: limit.bytes,
    maxParts: MAX_PARTS,
  });
  const form = new FormData();
  for await (const chunk of chunksOf(c, limit)) {
    try {
      for (const part of parser.write(chunk)) addPart(form, part);
    } catch (error) {
      throw refusal(error);
    }
    // What comes after the last boundary means nothing.
    if (isDone(parser)) return form;
  }
  throw malformed('its end is missing');
}

function addPart(form: FormData, part: MultipartPart): void {
  const { name, filename } = part;
  if (name === undefined) throw malformed('a part has no name');
  if (filename !== undefined) {
    const type = part.headers['content-type'] ?? '';
    form.append(name, new File(part.content as BlobPart[], withoutEscapes(filename), { type }));
    return;
  }
  if (part.size > MAX_FIELD_BYTES) throw malformed(`a field has more than ${MAX_FIELD_BYTES} bytes`);
  form.append(name, part.text);
}

/** As browsers write what would end the name (HTML, "multipart/form-data encoding algorithm"). */
function withoutEscapes(name: string): string {
  return name.replaceAll(/%22|%0D|%0A/gi, (escaped) => decodeURIComponent(escaped));
}

function isDone(parser: MultipartParser): boolean {
  try {
    parser.finish();
    return true;
  } catch {
    return false;
  }
}

function refusal(error: unknown): BlockragError {
  if (error instanceof BlockragError) return error;
  if (error instanceof MaxFileSizeExceededError) return malformed('a part is too large');
  // The parser's own words; a TypeError is what its decoder throws.
  return malformed(error instanceof TypeError ? 'it is not valid UTF-8' : (error as Error).message);
}

function malformed(why: string): BlockragError {
  return new BlockragError('invalid_request', `The form cannot be read: ${why}.`);
}
