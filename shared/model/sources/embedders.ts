/** The embedding models that are known by name, and how any other is fetched. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import type { EmbedderFiles, EmbeddingModel } from '../../retrieval/embedder.ts';
import { cacheDirectory } from '../cache.ts';
import { EMBEDDING_MODEL, EMBEDDING_TOKENIZER, MULTILINGUAL_E5_SMALL } from './catalogue.ts';
import { fetchKnownFile } from './fetch-known.ts';
import { fetchOnnxModel, ONNX_FORMS } from './onnx-model.ts';
import type { FetchOptions } from './progress.ts';

export const DEFAULT_EMBEDDER = 'all-minilm-l6-v2';

const KNOWN: Readonly<Record<string, (options: FetchOptions) => Promise<EmbeddingModel>>> = {
  [DEFAULT_EMBEDDER]: async (options) => ({
    id: DEFAULT_EMBEDDER,
    sha256: EMBEDDING_MODEL.sha256,
    unrelated: 0,
    english: true,
    files: {
      kind: 'onnx',
      model: await fetchKnownFile(EMBEDDING_MODEL, options),
      tokenizer: await fetchKnownFile(EMBEDDING_TOKENIZER, options),
      pooling: 'mean',
      queryPrefix: '',
      passagePrefix: '',
    },
  }),
  'multilingual-e5-small': async (options) => ({
    id: 'multilingual-e5-small',
    sha256: MULTILINGUAL_E5_SMALL.sha256,
    unrelated: 0.72,
    english: false,
    files: {
      kind: 'e5',
      packed: await fetchKnownFile(MULTILINGUAL_E5_SMALL, options),
      graph: join(
        cacheDirectory(options.cache),
        'embedders',
        `${MULTILINGUAL_E5_SMALL.sha256.slice(0, 32)}-1`,
      ),
      queryPrefix: 'query: ',
      passagePrefix: 'passage: ',
    },
  }),
};

export const KNOWN_EMBEDDERS: readonly string[] = Object.keys(KNOWN);

/**
 * Gets the embedding model that a reference names; what is in the cache already costs no network.
 * @param reference a known name, or what `fetchOnnxModel` takes. Beside the model.onnx, or one folder above, lie its
 * tokenizer.json and, where they are there, 1_Pooling/config.json and config_sentence_transformers.json, which say how
 * it pools and what it puts before texts.
 * @throws BlockragError `model_unknown`, `invalid_option`, and what fetching a file throws
 */
export async function fetchEmbedder(reference: string, options: FetchOptions = {}): Promise<EmbeddingModel> {
  if (Object.hasOwn(KNOWN, reference)) return KNOWN[reference]!(options);
  const fetched = await fetchOnnxModel(reference, options);
  if (fetched === undefined) {
    throw new BlockragError(
      'model_unknown',
      `There is no embedding model named ${basename(reference) || '""'}. Known: ${KNOWN_EMBEDDERS.join(', ')}; or give ${ONNX_FORMS}.`,
    );
  }
  const { id, model, sha256, tokenizer, find } = fetched;
  const pooling = await readJson(await find('1_Pooling/config.json'));
  const { prompts = {} } = await readJson(await find('config_sentence_transformers.json'));
  const files: EmbedderFiles = {
    kind: 'onnx',
    model,
    tokenizer,
    pooling: pooling.pooling_mode_cls_token === true ? 'first' : 'mean',
    queryPrefix: prompts.query ?? '',
    passagePrefix: prompts.document ?? prompts.passage ?? '',
  };
  // How alike unrelated texts are to it is not known: as to most models, hardly.
  return { id, sha256, unrelated: 0, english: true, files };
}

async function readJson(file: string | undefined): Promise<{
  pooling_mode_cls_token?: boolean;
  prompts?: { query?: string; document?: string; passage?: string };
}> {
  return file === undefined ? {} : JSON.parse(await readFile(file, 'utf8'));
}
