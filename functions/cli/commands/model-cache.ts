/** blockrag model list | remove: what is in the cache folder. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterLabel } from '../../../shared/model/adapter.ts';
import { cacheDirectory } from '../../../shared/model/cache.ts';
import { type AttentionCost, CompiledModel } from '../../../shared/model/compiled.ts';
import { removeModel } from '../../../shared/model/sources/cached.ts';
import { DEFAULT_MODEL, KNOWN_MODELS } from '../../../shared/model/sources/index.ts';
import { cachedPath } from '../../../shared/model/sources/partial.ts';
import { toConfig } from '../config.ts';
import { plain, print, printJson } from '../terminal.ts';

/** Models that can be named, and those compiled here. */
export async function listModels(options: { json?: boolean }): Promise<number> {
  const { cache } = toConfig({});
  const compiled = await compiledModels(cache);
  const known = await Promise.all(
    Object.entries(KNOWN_MODELS).map(async ([name, model]) => ({
      name,
      default: name === DEFAULT_MODEL,
      bytes: model.bytes,
      licence: model.licence,
      memory_bytes: model.memoryBytes ?? null,
      downloaded: await isThere(cachedPath(cache, model.sha256, model.file), model.bytes),
      compiled: [
        ...new Set(
          compiled
            .filter(({ manifest }) => manifest.source.sha256 === model.sha256)
            .map(({ manifest }) => manifest.compute),
        ),
      ],
      adapter: model.adapter ?? null,
    })),
  );
  if (options.json) {
    const shown = compiled.map(({ manifest, directory, id }) => {
      const { adapter, compute, source, check, attention } = manifest;
      const made = { name: id, adapter, compute, source: source.file, sha256: source.sha256 };
      return { ...made, directory, check, attention };
    });
    printJson({ known, compiled: shown });
    return 0;
  }
  const rows = known.map((model) => [
    model.default ? `${model.name} (default)` : model.name,
    megabytes(model.bytes),
    model.licence,
    model.memory_bytes === null ? '-' : megabytes(model.memory_bytes),
    model.downloaded ? 'yes' : '-',
    model.compiled.join(', ') || '-',
    model.adapter === null ? '-' : 'shipped',
  ]);
  for (const line of columns([HEADS, ...rows])) print(line);
  print('memory: resident, of the process that answers, as measured by "npm run bench" with w8a8');
  for (const model of compiled) {
    const { manifest, id, directory } = model;
    print(`compiled: ${plain(`${describeCompiled(id, model)}, from ${manifest.source.file}: ${directory}`)}`);
    if (manifest.attention !== null) print(`  ${describeCost(manifest.attention)}`);
  }
  return 0;
}

/** Frees what the cache holds of a model. */
export async function removeModelCommand(name: string, options: { json?: boolean }): Promise<number> {
  const { bytes, removed } = await removeModel(name, toConfig({}).cache);
  if (options.json) printJson({ name, bytes, removed });
  else if (removed.length === 0) print(`Nothing of ${plain(name)} is here: 0 bytes freed.`);
  else {
    for (const directory of removed) print(plain(directory));
    print(`${plain(name)} removed: ${bytes} bytes freed.`);
  }
  return 0;
}

/** A compiled model in a phrase, as `model list` and `model compile` show it. */
export function describeCompiled(name: string, { manifest: { adapter, compute } }: CompiledModel): string {
  const adapted = adapter === null ? '' : ` with ${adapterLabel(adapter)}`;
  return `${plain(name + adapted)}, ${compute}`;
}

/** What block attention costs a model, in a sentence. */
export function describeCost({ questions, full, block }: AttentionCost): string {
  return `right answers to ${questions} questions about short texts: ${full} with full attention, ${block} with block attention`;
}

const HEADS = ['model', 'file', 'licence', 'memory', 'downloaded', 'compiled', 'adapter'];

async function compiledModels(cache: string | undefined): Promise<CompiledModel[]> {
  const folder = join(cacheDirectory(cache), 'compiled');
  const names = existsSync(folder) ? await readdir(folder) : [];
  const opened = await Promise.all(
    names
      .filter((name) => /^[0-9a-f]{32}$/.test(name))
      .map((name) => CompiledModel.open(join(folder, name)).catch(() => undefined)),
  );
  return opened.filter((model) => model !== undefined);
}

async function isThere(file: string, bytes: number): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.size === bytes;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Rows of text, each column as wide as its widest. */
function columns(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
