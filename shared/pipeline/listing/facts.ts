/** What the system is, what it has to do, and what a tenant has stored. */
import { VERSION } from '../../version.ts';
import type { Services } from '../services.ts';
import type { Settings } from '../settings.ts';
import { countDocument, type DocumentCounts, noDocuments } from './counts.ts';

/** What the system is, and what it was opened with. */
export interface SystemFacts {
  version: string;
  /** As requests ask for it. */
  model: string;
  /** As --model takes it. */
  modelReference: string;
  /** What was merged into the model's weights. */
  adapter: { name: string; sha256: string } | null;
  /** As --embedder and --reranker take them. */
  embedder: string;
  reranker: string;
  compute: string;
  kv: string;
  passageTokens: number;
}

/** Items of the work queue, of all tenants: waiting, in hand, given up. */
export interface Work {
  waiting: number;
  leased: number;
  dead: number;
}

/** What a tenant has stored. */
export interface Stats extends DocumentCounts {
  /** Stored blobs of keys and values, and their bytes. */
  blobs: number;
  blobBytes: number;
}

/** What the system is. Nothing is read for it. */
export function factsOf(
  { model, modelId }: Pick<Services, 'model' | 'modelId'>,
  settings: Settings,
): SystemFacts {
  const { adapter, compute } = model.manifest;
  return {
    version: VERSION,
    model: modelId,
    modelReference: settings.model,
    adapter: adapter && { name: adapter.name, sha256: adapter.sha256 },
    embedder: settings.embedder,
    reranker: settings.reranker,
    compute,
    kv: settings.kv,
    passageTokens: settings.passageTokens,
  };
}

/** Counts what a tenant has stored: every document is read, every blob listed. */
export async function statsOf(
  { catalog, blobs, fingerprint }: Pick<Services, 'catalog' | 'blobs' | 'fingerprint'>,
  tenant: string,
): Promise<Stats> {
  const stats = { ...noDocuments(), blobs: 0, blobBytes: 0 };
  for await (const document of catalog.documents.every(tenant)) {
    countDocument(stats, document, fingerprint);
  }
  for await (const { bytes } of blobs.list(`kv/${tenant}`)) {
    stats.blobs++;
    stats.blobBytes += bytes;
  }
  return stats;
}
