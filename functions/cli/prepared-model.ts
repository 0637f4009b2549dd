/** The model of a command that needs no data directory: fetched and compiled if need be, with progress on stderr. */
import { type Config, fetchSettings } from '../../shared/config.ts';
import type { CompiledModel } from '../../shared/model/compiled.ts';
import { DEFAULT_MODEL } from '../../shared/model/sources/index.ts';
import { type PrepareOptions, prepareModel } from '../../shared/pipeline/prepare-model.ts';
import { ProgressLine } from './terminal.ts';

interface PreparedModelOptions {
  quiet: boolean;
  signal: AbortSignal;
  /** See `PrepareOptions`; true unless told. */
  requireText?: boolean;
  /** See `PrepareOptions`. */
  compare?: PrepareOptions['compare'];
}

export async function preparedModel(
  config: Config,
  { quiet, signal, requireText = true, compare }: PreparedModelOptions,
): Promise<CompiledModel> {
  const progress = new ProgressLine({ quiet });
  try {
    return await prepareModel({
      ...fetchSettings(config),
      reference: config.model ?? DEFAULT_MODEL,
      adapter: config.adapter,
      compute: config.compute,
      requireText,
      compare,
      onProgress: ({ phase, done, total }) => progress.update(phase, done, total),
      signal,
    });
  } finally {
    progress.end();
  }
}
