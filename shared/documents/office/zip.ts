/** Reads archives, and guards against those that expand without bound ("zip bombs"). */

import yauzl from 'yauzl';
import { BlockragError } from '../../errors.ts';

/** What an archive may expand to. */
export interface ZipLimits {
  entries: number;
  /** Bytes of all entries that are read together, expanded. */
  bytes: number;
  /** Expanded bytes for each byte of the archive. */
  ratio: number;
}

export const ZIP_LIMITS: ZipLimits = { entries: 10_000, bytes: 100 * 1024 * 1024, ratio: 200 };

/** Below this the ratio says nothing: a small file of blanks compresses as well as a bomb. */
const RATIO_FROM_BYTES = 1024 * 1024;

/**
 * The entries of an archive that are wanted, by their names in lower case (parts are found whatever their case). The
 * others are not expanded. The sizes that the archive states are not trusted.
 *
 * @throws BlockragError `document_too_complex`, `document_encrypted`, `document_corrupt`
 */
export async function readZip(
  bytes: Uint8Array,
  name: string,
  isWanted: (entryName: string) => boolean,
  limits = ZIP_LIMITS,
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let expanded = 0;
  let entries = 0;
  const tooComplex = (what: string) =>
    new BlockragError('document_too_complex', `${name} is refused: it expands to ${what}.`);
  try {
    const zip = await yauzl.fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for await (const entry of zip.eachEntry()) {
      entries += 1;
      if (entries > limits.entries) throw tooComplex(`more than ${limits.entries} entries`);
      if (entry.isEncrypted()) {
        throw new BlockragError('document_encrypted', `${name} is encrypted: save it without a password.`);
      }
      const entryName = entry.fileName.toLowerCase();
      if (!isWanted(entryName)) continue;
      const chunks: Buffer[] = [];
      const stream = await zip.openReadStreamPromise(entry);
      for await (const chunk of stream) {
        chunks.push(chunk as Buffer);
        expanded += (chunk as Buffer).length;
        if (expanded > limits.bytes) throw tooComplex(`more than ${limits.bytes} bytes`);
        if (expanded > RATIO_FROM_BYTES && expanded > limits.ratio * bytes.length) {
          throw tooComplex(`more than ${limits.ratio} times its size`);
        }
      }
      found.set(entryName, Buffer.concat(chunks));
    }
  } catch (error) {
    if (error instanceof BlockragError) throw error;
    throw new BlockragError('document_corrupt', `${name} is a damaged archive and cannot be read.`, {
      cause: error,
    });
  }
  return found;
}
