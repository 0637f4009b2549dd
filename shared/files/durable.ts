/** Flushes files and directories to the disk, so that they survive a power failure. */
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes the content of a file durable, or the names in a directory: what was linked, renamed or removed there. */
export async function flush(path: string): Promise<void> {
  // Windows opens no directories, and flushes only what is open for writing.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file durable, or a directory with all that is in it. */
export async function flushTree(path: string): Promise<void> {
  if ((await stat(path)).isDirectory()) {
    for (const name of await readdir(path)) await flushTree(join(path, name));
  }
  await flush(path);
}

/** Creates a directory under `root`, durable up to there even where it was created by another process. */
export async function makeDirectory(path: string, root: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (let child = path; child !== root; child = dirname(child)) await flush(dirname(child));
}
