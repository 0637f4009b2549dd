/** blockrag model pull | compile | list; prompt is model-prompt.ts. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchSettings } from '../../../shared/config.ts';
import { adapterLabel } from '../../../shared/model/adapter.ts';
import { cacheDirectory } from '../../../shared/model/cache.ts';
import { CompiledModel } from '../../../shared/model/compiled.ts';
import {
  DEFAULT_MODEL,
  fetchEmbeddingModel,
  fetchModelFile,
  KNOWN_MODELS,
} from '../../../shared/model/sources/index.ts';
import { modelId } from '../../../shared/model/sources/model-id.ts';
import { prepareModel } from '../../../shared/pipeline/prepare-model.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { ProgressLine, plain, print, printJson } from '../terminal.ts';

/** Downloads a model, and the embedding model, without compiling. */
export async function pullModel(
  reference: string | undefined,
  options: { json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const settings = fetchSettings(toConfig({}));
  const progress = new ProgressLine({ quiet: options.json === true });
  const onProgress = (p: { phase: string; done: number; total: number | undefined }) =>
    progress.update(p.phase, p.done, p.total, 'bytes');
  try {
    const model = await fetchModelFile(reference ?? DEFAULT_MODEL, { ...settings, onProgress, signal });
    await fetchEmbeddingModel({ ...settings, onProgress, signal });
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
  const { compute, model, adapter } = config;
  const progress = new ProgressLine({ quiet: options.json === true });
  const chosen = reference ?? model ?? DEFAULT_MODEL;
  try {
    const compiled = await prepareModel({
      ...fetchSettings(config),
      reference: chosen,
      adapter,
      compute,
      requireText: true,
      onProgress: ({ phase, done, total }) => progress.update(phase, done, total),
      signal,
    });
    progress.end();
    const { directory, manifest } = compiled;
    if (options.json) {
      printJson({
        directory,
        name: modelId(chosen),
        adapter: manifest.adapter,
        compute: manifest.compute,
        check: manifest.check,
      });
    } else {
      print(`${describe(modelId(chosen), compiled)}: ${directory}\ncheck ${JSON.stringify(manifest.check)}`);
    }
  } finally {
    progress.end();
  }
  return 0;
}

/** Models that can be named, and those compiled here. */
export async function listModels(options: { json?: boolean }): Promise<number> {
  const folder = join(cacheDirectory(toConfig({}).cache), 'compiled');
  const names = existsSync(folder) ? await readdir(folder) : [];
  const compiled = await Promise.all(
    names
      .filter((name) => /^[0-9a-f]{32}$/.test(name))
      .map((name) => CompiledModel.open(join(folder, name)).catch(() => undefined)),
  );
  const models = compiled.flatMap((model) => {
    if (model === undefined) return [];
    const { manifest, directory, id: name } = model;
    const { adapter, compute, source, check } = manifest;
    const shown = { name, adapter, compute, source: source.file, sha256: source.sha256, directory, check };
    return [{ shown, text: `${describe(name, model)}, from ${source.file}: ${directory}` }];
  });
  if (options.json)
    printJson({ known: Object.keys(KNOWN_MODELS), compiled: models.map(({ shown }) => shown) });
  else {
    print(`can be named: ${Object.keys(KNOWN_MODELS).join(', ')}`);
    for (const { text } of models) print(`compiled: ${plain(text)}`);
  }
  return 0;
}

function describe(name: string, { manifest: { adapter, compute } }: CompiledModel): string {
  const adapted = adapter === null ? '' : ` with ${adapterLabel(adapter)}`;
  return `${plain(name + adapted)}, ${compute}`;
}
