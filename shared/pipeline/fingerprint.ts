/** What documents are made with, as one text: two documents with the same fingerprint are made alike. */
import type { KvDtype } from '../kv/dtypes.ts';

export interface FingerprintParts {
  /** SHA-256 of each. */
  weightsHash: string;
  ropeHash: string;
  tokenizerHash: string;
  kv: KvDtype;
  passageTokens: number;
  /** SHA-256 of the embedding model; undefined for the default one: fingerprints of before there were others hold. */
  embedder: string | undefined;
}

const short = (hash: string) => hash.slice(0, 16);

export function fingerprintOf(parts: FingerprintParts): string {
  const { weightsHash, ropeHash, tokenizerHash, kv, passageTokens, embedder } = parts;
  const made = [short(weightsHash), short(ropeHash), short(tokenizerHash), kv, passageTokens];
  return [...made, ...(embedder === undefined ? [] : [short(embedder)])].join('.');
}

/** Whether passages that were made with one are found by the other: both have the same embedding model. */
export function haveSameVectors(one: string, other: string): boolean {
  return one.split('.')[5] === other.split('.')[5];
}

/** Whether both have the same tokenizer. */
export function haveSameTokens(one: string, other: string): boolean {
  return one.split('.')[2] === other.split('.')[2];
}
