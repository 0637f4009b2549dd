/** The content address of a KV blob. Equal content has the same address on every machine. */

import { createHash } from 'node:crypto';
import { BLOB_VERSION } from './blob.ts';
import type { KvDtype } from './dtypes.ts';

/** All that decides the numbers in a blob, and who may read it. */
export interface BlobIdentity {
  /** Hash of the weights as compiled: source file and adapter. */
  weightsHash: string;
  tokenizerHash: string;
  ropeHash: string;
  /**
   * Anchor attention: key of the preface that the block saw, and the position it was encoded at. Undefined for
   * block attention, whose blobs serve at any position.
   */
  anchor: { preface: string; start: number } | undefined;
  dtype: KvDtype;
  tenant: string;
  tokens: Uint32Array;
}

/**
 * SHA-256 over length-framed fields, as 64 hex digits. The compute type and the execution provider are not part
 * of it: they are provenance, written in the blob's header.
 */
export function blobKey(identity: BlobIdentity): string {
  const hash = createHash('sha256');
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  };
  for (const text of [
    `blockrag-kv-${BLOB_VERSION}`,
    identity.weightsHash,
    identity.tokenizerHash,
    identity.ropeHash,
    identity.anchor === undefined ? '' : `${identity.anchor.preface}@${identity.anchor.start}`,
    identity.dtype,
    identity.tenant,
  ]) {
    field(Buffer.from(text, 'utf8'));
  }
  // Token ids as little-endian 32-bit numbers, whatever the machine.
  const ids = Buffer.alloc(identity.tokens.length * 4);
  identity.tokens.forEach((id, i) => void ids.writeUInt32LE(id, i * 4));
  field(ids);
  return hash.digest('hex');
}
