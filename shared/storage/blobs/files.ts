/** Reading and writing whole files so that they outlast a power cut. */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startTimeOf } from '../../process.ts';

/** One read() takes less than 2 GiB. */
const READ_BYTES = 1 << 30;

/** Writes a new file and flushes it to the disk; its name is durable only with its directory's. */
export async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads a whole file into an ArrayBuffer of its own. */
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

/** Makes the names in a directory durable: what was linked, renamed or removed there. */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Creates a directory under `root`, durable up to there even where it was created by another process. */
export async function makeDirectory(path: string, root: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (let child = path; child !== root; child = dirname(child)) await flushDirectory(dirname(child));
}

/** A name for a temporary file that tells whether the process that writes it still lives. */
export function temporaryName(unique: string): string {
  return `${process.pid}~${OWN_START}~${unique}`;
}

const OWN_START = startTimeOf(process.pid);

/** Removes the temporary files of processes that live no more. */
export async function removeStaleFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [pid, start] = name.split('~');
    if (startTimeOf(Number(pid)) !== start) await rm(join(directory, name), { force: true });
  }
}
