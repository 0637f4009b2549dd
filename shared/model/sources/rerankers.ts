/** How a reranker is fetched. None is known by name yet: which one to take depends on the language of the documents. */
import { basename } from 'node:path';
import { BlockragError } from '../../errors.ts';
import type { RerankingModel } from '../../retrieval/reranker.ts';
import { fetchOnnxModel, ONNX_FORMS } from './onnx-model.ts';
import type { FetchOptions } from './progress.ts';

/** The reference of no reranker. */
export const NO_RERANKER = 'none';

/**
 * Gets the cross-encoder that a reference names; what is in the cache already costs no network.
 * @param reference `none`, or what `fetchOnnxModel` takes
 * @throws BlockragError `model_unknown`, `invalid_option`, and what fetching a file throws
 */
export async function fetchReranker(
  reference: string,
  options: FetchOptions = {},
): Promise<RerankingModel | undefined> {
  if (reference === NO_RERANKER) return undefined;
  const fetched = await fetchOnnxModel(reference, options);
  if (fetched === undefined) {
    throw new BlockragError(
      'model_unknown',
      `There is no reranker named ${basename(reference) || '""'}: give ${ONNX_FORMS}, or ${NO_RERANKER}.`,
    );
  }
  const { id, sha256, model, tokenizer } = fetched;
  return { id, sha256, files: { model, tokenizer } };
}
