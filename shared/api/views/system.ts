/** What the API shows of the system itself: what it is, what it has to do, and what it holds. */
import { z } from 'zod';
import type { Stats, SystemFacts, Work } from '../../pipeline/listing/facts.ts';

export const systemSchema = z
  .object({
    version: z.string().meta({ example: '0.1.0' }),
    model: z.string().meta({ example: 'smollm2-135m-instruct', description: 'As requests ask for it.' }),
    model_reference: z.string().meta({ description: 'As --model takes it.' }),
    adapter: z
      .object({ name: z.string(), sha256: z.string() })
      .nullable()
      .meta({ description: "What was merged into the model's weights." }),
    embedder: z.string().meta({ example: 'all-minilm-l6-v2', description: 'As --embedder takes it.' }),
    reranker: z.string().meta({ example: 'none', description: 'As --reranker takes it.' }),
    compute: z.string(),
    kv: z.string().meta({ description: 'dtype of stored keys and values.' }),
    passage_tokens: z.int().meta({ description: 'Tokens of a passage at most.' }),
  })
  .meta({ id: 'SystemFacts' });

export const workSchema = z
  .object({
    waiting: z.int(),
    leased: z.int().meta({ description: 'In hand.' }),
    dead: z.int().meta({ description: 'Given up.' }),
  })
  .meta({ id: 'Work', description: 'Items of the work queue, of all tenants.' });

export const outdatedSchema = z.int().meta({
  description: 'Documents that answer, and are still to be encoded again with the settings of today.',
});

export const statsSchema = z
  .object({
    documents: z.int(),
    ready: z.int().meta({ description: 'Documents that answer questions.' }),
    passages: z.int().meta({ description: 'Of what answers questions.' }),
    tokens: z.int(),
    outdated: outdatedSchema,
    blobs: z.int().meta({ description: 'Stored blobs of keys and values.' }),
    blob_bytes: z.int(),
  })
  .meta({ id: 'Stats' });

export type SystemView = z.infer<typeof systemSchema>;
export type WorkView = z.infer<typeof workSchema>;
export type StatsView = z.infer<typeof statsSchema>;

export function viewSystem({
  version,
  model,
  adapter,
  embedder,
  reranker,
  ...rest
}: SystemFacts): SystemView {
  const { modelReference: model_reference, passageTokens: passage_tokens, compute, kv } = rest;
  return { version, model, model_reference, adapter, embedder, reranker, compute, kv, passage_tokens };
}

export function viewWork({ waiting, leased, dead }: Work): WorkView {
  return { waiting, leased, dead };
}

export function viewStats({ blobBytes, ...counts }: Stats): StatsView {
  const { documents, ready, passages, tokens, outdated, blobs } = counts;
  return { documents, ready, passages, tokens, outdated, blobs, blob_bytes: blobBytes };
}
