/** The values of a JSON array or of NDJSON, one after the other. */
import { setImmediate } from 'node:timers/promises';
import type { Context } from 'hono';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';
import { type JsonBounds, JsonCounter, strictDecoder } from './json.ts';
import { type BodyLimit, chunksOf, readBody } from './read.ts';

export interface ItemLimits {
  body: BodyLimit;
  /** Of each item. */
  bounds: JsonBounds;
  items: number;
}

/** So much of an array is looked through in one turn of the event loop. */
const TURN_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** What was read of one item; undefined when it is no JSON. */
export type Item = { value: unknown } | undefined;

/**
 * The items of an array. Nothing is given before the whole of it was looked through.
 * @throws BlockragError `invalid_request` for what is no array, or has too many items; those of `chunksOf`
 */
export async function* arrayItems(c: Context<ApiEnv>, limits: ItemLimits): AsyncGenerator<Item> {
  const bytes = await readBody(c, limits.body);
  for (const item of await splitArray(bytes, limits)) yield parseItem(item);
}

async function splitArray(bytes: Uint8Array, { bounds, items: max }: ItemLimits): Promise<Uint8Array[]> {
  const items: Uint8Array[] = [];
  const first = bytes.findIndex((byte) => !isBlank(byte));
  if (bytes[first] !== OPEN) throw malformed();
  const counter = new JsonCounter({ ...bounds, depth: bounds.depth + 1 });
  let begin = first + 1;
  let closed = false;
  for (let turn = first; turn < bytes.length; turn += TURN_BYTES) {
    counter.count(bytes.subarray(turn, turn + TURN_BYTES), (at, end) => {
      if (closed || (end && bytes[turn + at] !== CLOSE)) throw malformed();
      items.push(bytes.subarray(begin, turn + at));
      if (items.length > max) throw tooMany(max);
      counter.restart();
      begin = turn + at + 1;
      closed = end;
    });
    await setImmediate();
  }
  if (!closed || !bytes.subarray(begin).every(isBlank)) throw malformed();
  if (items.length === 1 && items[0]!.every(isBlank)) return [];
  return items;
}

/**
 * The lines of NDJSON that are not blank, while they come: the next is read when the one before is done with.
 * @throws BlockragError `invalid_request` after too many lines; those of `chunksOf`
 */
export async function* lineItems(
  c: Context<ApiEnv>,
  { body, bounds, items }: ItemLimits,
): AsyncGenerator<Item> {
  let lines = 0;
  let held: Uint8Array[] = [];
  let counter = new JsonCounter(bounds);
  const take = (): Item[] => {
    const line = held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [];
    counter = new JsonCounter(bounds);
    if (line.every(isBlank)) return [];
    if (++lines > items) throw tooMany(items);
    return [parseItem(line)];
  };
  const hold = (piece: Uint8Array) => {
    counter.count(piece);
    held.push(piece);
  };
  for await (const chunk of chunksOf(c, body)) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, to));
      from = to + 1;
      yield* take();
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (held.length > 0) yield* take();
}

function parseItem(bytes: Uint8Array): Item {
  const decode = strictDecoder();
  try {
    return { value: JSON.parse(decode(bytes) + decode()) as unknown };
  } catch {
    return undefined;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function malformed(): BlockragError {
  return new BlockragError('invalid_request', 'The body is no JSON array.');
}

function tooMany(max: number): BlockragError {
  const message = `There are more than the ${max} documents that one request may have.`;
  return new BlockragError('invalid_request', message);
}
