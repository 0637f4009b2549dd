/** blockrag model pull | compile; list and remove are model-cache.ts, prompt is model-prompt.ts. */
import { fetchSettings } from '../../../shared/config.ts';
import { DEFAULT_EMBEDDER, fetchEmbedder } from '../../../shared/model/sources/embedders.ts';
import { DEFAULT_MODEL, fetchModelFile } from '../../../shared/model/sources/index.ts';
import { modelId } from '../../../shared/model/sources/model-id.ts';
import { fetchReranker, NO_RERANKER } from '../../../shared/model/sources/rerankers.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { preparedModel } from '../prepared-model.ts';
import { ProgressLine, print, printJson } from '../terminal.ts';
import { describeCompiled, describeCost } from './model-cache.ts';

/** Downloads a model, the embedding model, and the reranker where one is set, without compiling. */
export async function pullModel(
  reference: string | undefined,
  options: { json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const config = toConfig({});
  const settings = fetchSettings(config);
  const progress = new ProgressLine({ quiet: options.json === true });
  const onProgress = (p: { phase: string; done: number; total: number | undefined }) =>
    progress.update(p.phase, p.done, p.total, 'bytes');
  try {
    const model = await fetchModelFile(reference ?? DEFAULT_MODEL, { ...settings, onProgress, signal });
    await fetchEmbedder(config.embedder ?? DEFAULT_EMBEDDER, { ...settings, onProgress, signal });
    await fetchReranker(config.reranker ?? NO_RERANKER, { ...settings, onProgress, signal });
    progress.end();
    if (options.json) printJson(model);
    else {
      print(`${model.file}\nsha256 ${model.sha256}`);
      if (!model.verified) print('No published hash: the file was taken as it is.');
    }
  } finally {
    progress.end();
  }
  return 0;
}

export async function compileModelCommand(
  reference: string | undefined,
  options: CommonOptions,
  signal: AbortSignal,
): Promise<number> {
  const config = toConfig(options);
  const chosen = reference ?? config.model ?? DEFAULT_MODEL;
  const quiet = options.json === true;
  const compiled = await preparedModel({ ...config, model: chosen }, { quiet, signal, compare: 'all' });
  const { directory, manifest } = compiled;
  if (options.json) {
    printJson({
      directory,
      name: modelId(chosen),
      adapter: manifest.adapter,
      compute: manifest.compute,
      check: manifest.check,
      attention: manifest.attention,
    });
  } else {
    print(
      `${describeCompiled(modelId(chosen), compiled)}: ${directory}\ncheck ${JSON.stringify(manifest.check)}`,
    );
    if (manifest.attention !== null) print(describeCost(manifest.attention));
  }
  return 0;
}
