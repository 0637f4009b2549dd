/** Whether callers need API keys, which outlasts the catalog: a server that lost its keys must not be open to all. */
import type { BlobStore } from '../storage/ports.ts';
import type { KeyRing } from './keys.ts';

/** Of the blob store, which is apart from the catalog; there once a server has seen a key. */
const OBJECT = 'state/keys';

/** Whether there are, or ever were, keys of one set of stores. Once true, it stays so. */
export class KeyUse {
  #keys: Pick<KeyRing, 'list'>;
  #blobs: Pick<BlobStore, 'has' | 'put'>;
  #marked: Promise<boolean> | undefined;
  #required: boolean;

  /** @param options.required whether keys are needed in any case */
  constructor(
    keys: Pick<KeyRing, 'list'>,
    blobs: Pick<BlobStore, 'has' | 'put'>,
    options: { required: boolean },
  ) {
    this.#keys = keys;
    this.#blobs = blobs;
    this.#required = options.required;
  }

  /** @throws BlockragError `storage_failed` when it cannot be told */
  async required(): Promise<boolean> {
    if (this.#required) return true;
    this.#marked ??= this.#blobs.has(OBJECT);
    this.#marked.catch(() => {
      this.#marked = undefined;
    });
    const marked = await this.#marked;
    if (!marked && (await this.#keys.list()).length === 0) return false;
    if (!marked) await this.#blobs.put(OBJECT, new TextEncoder().encode('Keys are in use.\n'));
    this.#required = true;
    return true;
  }
}
