/** JSON whose size in memory is bounded before it is parsed: a few bytes can stand for an object of hundreds. */
import type { Context } from 'hono';
import { BlockragError } from '../../errors.ts';
import type { ApiEnv } from '../context.ts';
import { type BodyLimit, chunksOf } from './read.ts';

/** What one value may consist of. */
export interface JsonBounds {
  /** How deep arrays and objects may lie within each other. */
  depth: number;
  /** Values and keys together, of all depths. */
  elements: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
/** `[` and `{`, `]` and `}` differ from each other in one bit. */
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CASE = 0x20;

/** Counts what a JSON text consists of, while its bytes come. What is no JSON is the parser's to refuse. */
export class JsonCounter {
  #bounds: JsonBounds;
  #depth = 0;
  #elements = 0;
  #inText = false;
  #escaped = false;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  /**
   * @param item is told where each comma of the outermost array is, and where it ends
   * @throws BlockragError `invalid_request` past the bounds
   */
  count(bytes: Uint8Array, item?: (at: number, end: boolean) => void): void {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
      } else if (byte === QUOTE) this.#inText = true;
      else if (byte === COMMA || byte === COLON) {
        this.#more();
        if (this.#depth === 1) item?.(at, false);
      } else if ((byte | CASE) === (OPEN | CASE)) {
        this.#more();
        if (++this.#depth > this.#bounds.depth) throw tooMuch(`deeper than ${this.#bounds.depth} levels`);
      } else if ((byte | CASE) === (CLOSE | CASE)) {
        if (--this.#depth === 0) item?.(at, true);
      }
    }
  }

  /** Begins a value of its own, within the outer one. */
  restart(): void {
    this.#elements = 0;
  }

  #more(): void {
    if (++this.#elements > this.#bounds.elements)
      throw tooMuch(`of more than ${this.#bounds.elements} values`);
  }
}

/** A decoder that refuses what is no UTF-8, where others would put U+FFFD. */
export function strictDecoder(): (bytes?: Uint8Array) => string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return (bytes) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new BlockragError('invalid_request', 'The body is not valid UTF-8.');
    }
  };
}

/** The text of a JSON body, counted. @throws BlockragError `invalid_request`, and those of `chunksOf` */
export async function readJsonText(
  c: Context<ApiEnv>,
  limit: BodyLimit,
  bounds: JsonBounds,
): Promise<string> {
  const counter = new JsonCounter(bounds);
  const decode = strictDecoder();
  let text = '';
  for await (const chunk of chunksOf(c, limit)) {
    counter.count(chunk);
    text += decode(chunk);
  }
  return text + decode();
}

function tooMuch(what: string): BlockragError {
  return new BlockragError('invalid_request', `The JSON is ${what}: no request of this route needs that.`);
}
