/** How stored KV is named: a block's content address, its object's path, and the user of the prompt's preface. */

import type { BlobUser } from '../../catalog/blobs.ts';
import type { KvDtype } from '../../kv/dtypes.ts';
import { type BlobIdentity, blobKey } from '../../kv/key.ts';
import type { CompiledModel } from '../../model/compiled.ts';
import type { Tokenizer } from '../../model/tokenizer.ts';

/** What the keys of a model's blocks are made of. */
export interface KeySource {
  model: Pick<CompiledModel, 'manifest'>;
  tokenizer: Pick<Tokenizer, 'hash'>;
  dtype: KvDtype;
}

/** Content address of a block under the opened model. */
export function keyOf(
  { model, tokenizer, dtype }: KeySource,
  tenant: string,
  tokens: Uint32Array,
  anchor?: BlobIdentity['anchor'],
): string {
  const { weightsHash, ropeHash } = model.manifest;
  return blobKey({ weightsHash, ropeHash, tokenizerHash: tokenizer.hash, anchor, dtype, tenant, tokens });
}

/** The path of a KV blob: by tenant, then spread over folders by its hash. */
export function blobPath(tenant: string, key: string): string {
  return `kv/${tenant}/${key.slice(0, 2)}/${key}`;
}

const PREFACE = 'preface';

/** What uses the blob of the prompt's preface: no document, in the version of the settings' fingerprint. */
export function prefaceUser(fingerprint: string): BlobUser {
  return { document: PREFACE, version: fingerprint };
}

export function isPrefaceUser({ document }: BlobUser): boolean {
  return document === PREFACE;
}
