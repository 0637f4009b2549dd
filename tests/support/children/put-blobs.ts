/** Puts blobs until it is killed, 8 at a time, and prints the key of each that is acknowledged. */
import { openFsBlobStore } from '../../../shared/storage/blobs/fs.ts';

const store = await openFsBlobStore(process.argv[2]!);
let next = 0;
async function put(): Promise<never> {
  for (;;) {
    const number = next++;
    const bytes = new Uint8Array(300_000 + number).fill(number);
    await store.put(`${process.pid}/${number}`, bytes);
    process.stdout.write(`${process.pid}/${number}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, put));
