/**
 * GGUF's tensor types as float32. The layouts are those of ggml-quants.c and gguf-py's quants.py: little-endian
 * blocks along the row, 32 values each for the simple types, 256 for the K types.
 */
import { GGMLQuantizationType as T } from '@huggingface/gguf';
import { HALF_TO_FLOAT } from './half.ts';

const half = (b: Uint8Array, at: number) => HALF_TO_FLOAT[b[at]! | (b[at + 1]! << 8)]!;

/** How many values a block of a type holds, in how many bytes, and how a block is read into `out` from `to` on. */
interface BlockFormat {
  name: string;
  values: number;
  bytes: number;
  read(b: Uint8Array, at: number, out: Float32Array, to: number): void;
}

/** Two 4-bit halves of 16 bytes: the low ones are values 0..15, the high ones 16..31. */
const nibbleBlock =
  (header: number, scaleAndMin: (b: Uint8Array, at: number) => readonly [number, number]) =>
  (b: Uint8Array, at: number, out: Float32Array, to: number) => {
    const [scale, min] = scaleAndMin(b, at);
    for (let i = 0; i < 16; i++) {
      const byte = b[at + header + i]!;
      out[to + i] = (byte & 15) * scale + min;
      out[to + i + 16] = (byte >> 4) * scale + min;
    }
  };

/** As nibbleBlock, with a fifth bit of each value in a 32-bit mask before the nibbles. */
const fiveBitBlock =
  (header: number, scaleAndMin: (b: Uint8Array, at: number) => readonly [number, number]) =>
  (b: Uint8Array, at: number, out: Float32Array, to: number) => {
    const [scale, min] = scaleAndMin(b, at);
    const m = at + header;
    const high = b[m]! | (b[m + 1]! << 8) | (b[m + 2]! << 16) | (b[m + 3]! << 24);
    for (let i = 0; i < 16; i++) {
      const byte = b[m + 4 + i]!;
      out[to + i] = ((byte & 15) | (((high >>> i) & 1) << 4)) * scale + min;
      out[to + i + 16] = ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) * scale + min;
    }
  };

const scaleOnly = (zero: number) => (b: Uint8Array, at: number) => {
  const scale = half(b, at);
  return [scale, -zero * scale] as const;
};
const scaleThenMin = (b: Uint8Array, at: number) => [half(b, at), half(b, at + 2)] as const;

/** The eight 6-bit scales and mins of a K block, packed in 12 bytes (ggml's get_scale_min_k4). */
function kScale(b: Uint8Array, at: number, group: number): readonly [scale: number, min: number] {
  if (group < 4) return [b[at + group]! & 63, b[at + group + 4]! & 63];
  return [
    (b[at + group + 4]! & 15) | ((b[at + group - 4]! >> 6) << 4),
    (b[at + group + 4]! >> 4) | ((b[at + group]! >> 6) << 4),
  ];
}

function readQ4K(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  const [d, dmin] = scaleThenMin(b, at);
  for (let group = 0; group < 8; group++) {
    const [scale, min] = kScale(b, at + 4, group);
    const nibbles = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      out[to + group * 32 + i] = d * scale * ((b[nibbles + i]! >> shift) & 15) - dmin * min;
    }
  }
}

function readQ5K(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  const [d, dmin] = scaleThenMin(b, at);
  for (let group = 0; group < 8; group++) {
    const [scale, min] = kScale(b, at + 4, group);
    const nibbles = at + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++) {
      const fifth = ((b[at + 16 + i]! >> group) & 1) << 4;
      out[to + group * 32 + i] = d * scale * (((b[nibbles + i]! >> shift) & 15) | fifth) - dmin * min;
    }
  }
}

function readQ6K(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = half(b, at + 208);
  for (let group = 0; group < 8; group++) {
    // Two halves of 128 values: four groups of 32 each, from 64 bytes of nibbles and 32 bytes of bit pairs.
    const part = group >> 2;
    const quarter = group & 3;
    const nibbles = at + part * 64 + (quarter & 1) * 32;
    const pairs = at + 128 + part * 32;
    for (let i = 0; i < 32; i++) {
      const low = (b[nibbles + i]! >> (quarter >> 1 ? 4 : 0)) & 15;
      const high = (b[pairs + i]! >> (quarter * 2)) & 3;
      const scale = (b[at + 192 + part * 8 + quarter * 2 + (i >> 4)]! << 24) >> 24;
      out[to + group * 32 + i] = d * scale * ((low | (high << 4)) - 32);
    }
  }
}

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

function readF32(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  BITS[0] = b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  out[to] = FLOAT[0]!;
}

function readBF16(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  BITS[0] = (b[at]! << 16) | (b[at + 1]! << 24);
  out[to] = FLOAT[0]!;
}

function readF16(b: Uint8Array, at: number, out: Float32Array, to: number): void {
  out[to] = half(b, at);
}

/** The tensor types that can be read, by their number in the file. */
export const BLOCK_FORMATS: ReadonlyMap<number, BlockFormat> = new Map<number, BlockFormat>([
  [T.F32, { name: 'F32', values: 1, bytes: 4, read: readF32 }],
  [T.F16, { name: 'F16', values: 1, bytes: 2, read: readF16 }],
  [T.BF16, { name: 'BF16', values: 1, bytes: 2, read: readBF16 }],
  [T.Q4_0, { name: 'Q4_0', values: 32, bytes: 18, read: nibbleBlock(2, scaleOnly(8)) }],
  [T.Q4_1, { name: 'Q4_1', values: 32, bytes: 20, read: nibbleBlock(4, scaleThenMin) }],
  [T.Q5_0, { name: 'Q5_0', values: 32, bytes: 22, read: fiveBitBlock(2, scaleOnly(16)) }],
  [T.Q5_1, { name: 'Q5_1', values: 32, bytes: 24, read: fiveBitBlock(4, scaleThenMin) }],
  [
    T.Q8_0,
    {
      name: 'Q8_0',
      values: 32,
      bytes: 34,
      read: (b, at, out, to) => {
        const scale = half(b, at);
        for (let i = 0; i < 32; i++) out[to + i] = scale * ((b[at + 2 + i]! << 24) >> 24);
      },
    },
  ],
  [T.Q4_K, { name: 'Q4_K', values: 256, bytes: 144, read: readQ4K }],
  [T.Q5_K, { name: 'Q5_K', values: 256, bytes: 176, read: readQ5K }],
  [T.Q6_K, { name: 'Q6_K', values: 256, bytes: 210, read: readQ6K }],
]);

/** All values of a tensor's bytes. `bytes` holds a whole number of blocks. */
export function dequantize(format: BlockFormat, bytes: Uint8Array): Float32Array {
  const blocks = bytes.length / format.bytes;
  const out = new Float32Array(blocks * format.values);
  for (let block = 0; block < blocks; block++) {
    format.read(bytes, block * format.bytes, out, block * format.values);
  }
  return out;
}
