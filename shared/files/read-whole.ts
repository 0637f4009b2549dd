import { open } from 'node:fs/promises';

/** One read() call reads less than 2 GiB. */
const READ_BYTES = 1 << 30;

/** Reads a whole file into an ArrayBuffer of its own, which can be moved to a thread. */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(new ArrayBuffer(size));
    for (let position = 0; position < size; ) {
      const { bytesRead } = await file.read(bytes, position, Math.min(READ_BYTES, size - position), position);
      if (bytesRead === 0) throw new Error(`the file ended at ${position} of ${size} bytes`);
      position += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
