/**
 * The KV blob: keys (before rotation) and values of one block in one immutable object.
 *
 * Layout: prologue of 48 bytes (magic, version, header length, SHA-256 of the header), JSON header, then the
 * sections, each 64-byte aligned: `scales` (int8 only, float32 [layers, 2, width]), and for each layer
 * `key.L` and `value.L`, token-major [tokens, kv_heads * head_dim]. The header names every section with its
 * place, SHA-256 and CRC-32.
 *
 * dtype int8: symmetric, one scale per channel of the block. A key bias (qwen2's reaches 200) is constant and
 * known from the model: it is subtracted before int8 and fp16, and added again by the reader.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BlockragError, isBlockragError } from '../errors.ts';
import { isFiniteHalf, toHalf } from '../model/half.ts';
import type { KvDtype } from './dtypes.ts';
import { notFinite, quantizeRows } from './quantize.ts';
import { type BlockKv, type KvShape, kvWidth } from './shape.ts';

export const BLOB_VERSION = 1;

const MAGIC = 'BLOCKKV\n';
const PROLOGUE = 48;
const ALIGNMENT = 64;
/** No honest header is larger: 200 layers are 60 KB. */
const MAX_HEADER = 1 << 20;

interface BlobSection {
  name: string;
  offset: number;
  bytes: number;
  sha256: string;
  crc32: number;
}

interface BlobHeader extends KvShape {
  key: string;
  tokens: number;
  dtype: KvDtype;
  /** Keys are stored before rotation. */
  rotation: 'none';
  /** Where the numbers come from: compute type and execution provider. Not part of the key. */
  provenance: string;
  sections: BlobSection[];
}

/** A verified blob: views into the object's bytes, nothing copied. */
export interface KvBlob {
  key: string;
  /** Of the whole object. */
  bytes: number;
  tokens: number;
  dtype: KvDtype;
  /** For each layer [tokens, width] in the blob's dtype (fp16 as its 16 bits). */
  keys: (Int8Array | Uint16Array | Float32Array)[];
  values: (Int8Array | Uint16Array | Float32Array)[];
  /** int8 only: for each layer and channel the step, [width]. */
  keyScales: Float32Array[];
  valueScales: Float32Array[];
}

export interface EncodeBlobOptions {
  key: string;
  dtype: KvDtype;
  shape: KvShape;
  provenance: string;
  /** Constant part of the keys, for each layer [width]; undefined where the model has none. */
  keyBias: Float32Array[] | undefined;
}

/**
 * Serialises a block's keys and values. The result owns its ArrayBuffer.
 * @throws BlockragError `model_check_failed` for numbers that are not finite: an overflow must not be stored
 */
export function encodeBlob(kv: BlockKv, options: EncodeBlobOptions): Uint8Array<ArrayBuffer> {
  const { dtype, shape, keyBias } = options;
  const width = kvWidth(shape);
  const scales = new Float32Array(dtype === 'int8' ? shape.layers * 2 * width : 0);
  const parts: [name: string, data: Int8Array | Uint16Array | Float32Array][] = [];
  if (dtype === 'int8') parts.push(['scales', scales]);
  for (let layer = 0; layer < shape.layers; layer++) {
    const scaleRow = (side: 0 | 1) =>
      scales.subarray((layer * 2 + side) * width, (layer * 2 + side + 1) * width);
    const bias = dtype === 'fp32' ? undefined : keyBias?.[layer];
    const keys = bias === undefined ? kv.keys[layer]! : subtractRow(kv.keys[layer]!, bias);
    parts.push([`key.${layer}`, pack(keys, dtype, scaleRow(0))]);
    parts.push([`value.${layer}`, pack(kv.values[layer]!, dtype, scaleRow(1))]);
  }
  const sections: BlobSection[] = [];
  let end = 0;
  for (const [name, data] of parts) {
    const offset = align(end);
    const bytes = asBytes(data);
    sections.push({ name, offset, bytes: bytes.length, sha256: sha256(bytes), crc32: crc32(bytes) });
    end = offset + bytes.length;
  }
  const header: BlobHeader = {
    key: options.key,
    ...shape,
    tokens: kv.tokens,
    dtype,
    rotation: 'none',
    provenance: options.provenance,
    sections,
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  // Section offsets count from here, so that the header's length does not depend on itself.
  const start = align(PROLOGUE + json.length);
  const blob = Buffer.from(new ArrayBuffer(start + end));
  blob.write(MAGIC, 0, 'latin1');
  blob.writeUInt32LE(BLOB_VERSION, 8);
  blob.writeUInt32LE(json.length, 12);
  createHash('sha256').update(json).digest().copy(blob, 16);
  json.copy(blob, PROLOGUE);
  parts.forEach(([, data], i) => void blob.set(asBytes(data), start + sections[i]!.offset));
  return new Uint8Array(blob.buffer);
}

/** What a reader demands of a blob. */
export interface ExpectedBlob {
  key: string;
  dtype: KvDtype;
  tokens: number;
  shape: KvShape;
  /**
   * sha256: the first time an instance sees the object; crc32: from then on, when only a damaged read is to be
   * feared; none: where `isIntact` has compared the CRC-32 already.
   */
  verify: 'sha256' | 'crc32' | 'none';
  /** Whose numbers are taken (`BlobHeader.provenance`); undefined: anyone's. */
  provenance?: readonly string[] | undefined;
}

/**
 * Opens a blob and verifies it whole. `object` must start at an offset divisible by 64 of its ArrayBuffer.
 * @throws BlockragError `blob_invalid`: whoever reads it must treat the blob as absent
 */
export function decodeBlob(object: Uint8Array, expected: ExpectedBlob): KvBlob {
  const { shape } = expected;
  const header = readHeader(object);
  const wanted = { key: expected.key, dtype: expected.dtype, tokens: expected.tokens, ...shape };
  for (const [name, value] of Object.entries(wanted)) {
    if (header[name as keyof typeof wanted] !== value) throw invalid(expected.key, `it has another ${name}`);
  }
  if (header.rotation !== 'none') throw invalid(expected.key, 'its keys are rotated');
  if (expected.provenance?.includes(header.provenance) === false) {
    throw invalid(expected.key, `it was computed by ${header.provenance}, which is not accepted`);
  }
  const start = sectionsStart(object);
  const sections = new Map(header.sections.map((section) => [section.name, section]));
  const width = kvWidth(shape);
  const section = (name: string, bytes: number): Uint8Array => {
    const entry = sections.get(name);
    if (entry === undefined || entry.bytes !== bytes || entry.offset % ALIGNMENT !== 0) {
      throw invalid(expected.key, `its section ${name} is missing or of a wrong size`);
    }
    const view = object.subarray(start + entry.offset, start + entry.offset + bytes);
    if (view.length !== bytes) throw invalid(expected.key, `it ends within ${name}`);
    const { verify } = expected;
    const intact =
      verify === 'none' ||
      (verify === 'sha256' ? sha256(view) === entry.sha256 : crc32(view) === entry.crc32);
    if (!intact) throw invalid(expected.key, `the checksum of ${name} is wrong`);
    return view;
  };
  const rows = (name: string) =>
    typed(section(name, expected.tokens * width * BYTES[header.dtype]), header.dtype);
  const keys = Array.from({ length: shape.layers }, (_, layer) => rows(`key.${layer}`));
  const values = Array.from({ length: shape.layers }, (_, layer) => rows(`value.${layer}`));
  const keyScales: Float32Array[] = [];
  const valueScales: Float32Array[] = [];
  if (header.dtype === 'int8') {
    const scales = typed(section('scales', shape.layers * 2 * width * 4), 'fp32') as Float32Array;
    for (let layer = 0; layer < shape.layers; layer++) {
      keyScales.push(scales.subarray(layer * 2 * width, (layer * 2 + 1) * width));
      valueScales.push(scales.subarray((layer * 2 + 1) * width, (layer * 2 + 2) * width));
    }
  }
  return {
    key: header.key,
    bytes: object.length,
    tokens: header.tokens,
    dtype: header.dtype,
    keys,
    values,
    keyScales,
    valueScales,
  };
}

/**
 * Whether the header is whole and every section has its CRC-32, whatever blob it is: a third of what laying a blob
 * takes, for a thread that has the time.
 */
export function isIntact(object: Uint8Array): boolean {
  try {
    const { sections } = readHeader(object);
    const start = sectionsStart(object);
    return sections.every(({ offset, bytes, crc32: expected }) => {
      const view = object.subarray(start + offset, start + offset + bytes);
      return view.length === bytes && crc32(view) === expected;
    });
  } catch (error) {
    if (isBlockragError(error, 'blob_invalid')) return false;
    throw error;
  }
}

/** Where a blob's sections begin, behind its header. */
function sectionsStart(object: Uint8Array): number {
  return align(PROLOGUE + new DataView(object.buffer, object.byteOffset).getUint32(12, true));
}

function readHeader(object: Uint8Array): BlobHeader {
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  if (bytes.length < PROLOGUE || bytes.toString('latin1', 0, 8) !== MAGIC) {
    throw invalid('?', 'it does not start as a KV blob');
  }
  const version = bytes.readUInt32LE(8);
  if (version !== BLOB_VERSION) throw invalid('?', `its format version is ${version}`);
  const length = bytes.readUInt32LE(12);
  const json = bytes.subarray(PROLOGUE, PROLOGUE + length);
  if (length > MAX_HEADER || json.length !== length) throw invalid('?', 'its header is cut short');
  if (!createHash('sha256').update(json).digest().equals(bytes.subarray(16, PROLOGUE))) {
    throw invalid('?', 'the checksum of its header is wrong');
  }
  let header: BlobHeader | null;
  try {
    header = JSON.parse(json.toString('utf8')) as BlobHeader | null;
  } catch {
    throw invalid('?', 'its header is not JSON');
  }
  const sections: unknown = header?.sections;
  if (!Array.isArray(sections) || sections.includes(null)) throw invalid('?', 'its header names no sections');
  return header!;
}

const BYTES: Record<KvDtype, number> = { int8: 1, fp16: 2, fp32: 4 };

function typed(bytes: Uint8Array, dtype: KvDtype): Int8Array | Uint16Array | Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'int8') return new Int8Array(buffer, byteOffset, byteLength);
  if (dtype === 'fp16') return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

function pack(
  rows: Float32Array,
  dtype: KvDtype,
  scales: Float32Array,
): Int8Array | Uint16Array | Float32Array {
  if (dtype === 'int8') return quantizeRows(rows, scales);
  const packed = dtype === 'fp32' ? rows : toHalf(rows);
  const finite = packed instanceof Uint16Array ? isFiniteHalf : Number.isFinite;
  if (!packed.every(finite)) throw notFinite();
  return packed;
}

function subtractRow(rows: Float32Array, row: Float32Array): Float32Array {
  const out = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += row.length) {
    for (let c = 0; c < row.length; c++) out[at + c] = rows[at + c]! - row[c]!;
  }
  return out;
}

const align = (offset: number) => Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const asBytes = (data: Int8Array | Uint16Array | Float32Array) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function invalid(key: string, why: string): BlockragError {
  return new BlockragError('blob_invalid', `The KV blob ${key.slice(0, 12)} is not usable: ${why}.`);
}
