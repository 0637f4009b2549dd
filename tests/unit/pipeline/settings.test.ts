import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { DEFAULT_MODEL } from '../../../shared/model/sources/index.ts';
import {
  checkFormat,
  chooseSettings,
  DATA_FORMAT,
  type Settings,
} from '../../../shared/pipeline/settings.ts';

const ADAPTER = 'somewhere/adapter.safetensors';
const nothing = {
  model: undefined,
  adapter: undefined,
  embedder: undefined,
  reranker: undefined,
  kv: undefined,
  passageTokens: undefined,
};
const known: Settings = {
  format: DATA_FORMAT,
  model: 'other.gguf',
  adapter: ADAPTER,
  modelName: 'Other',
  embedder: 'multilingual-e5-small',
  reranker: 'hf:owner/reranker',
  kv: 'fp16',
  passageTokens: 128,
  fingerprint: 'x',
};

describe('the settings of a data directory', () => {
  it('are the defaults where nothing is known', () => {
    expect(chooseSettings(nothing, undefined)).toMatchObject({
      model: DEFAULT_MODEL,
      adapter: 'shipped',
      kv: 'int8',
      passageTokens: 256,
    });
  });

  it('are those it was made with, unless others are asked for', () => {
    const { model, adapter, embedder, reranker, kv, passageTokens } = known;
    const remembered = { model, adapter, embedder, reranker, kv, passageTokens };
    expect(chooseSettings(nothing, known)).toEqual(remembered);
    expect(chooseSettings({ ...nothing, adapter: 'none' }, known)).toMatchObject({ model, adapter: 'none' });
    expect(chooseSettings({ ...nothing, adapter: 'a', kv: 'int8' }, known)).toEqual({
      ...remembered,
      adapter: 'a',
      kv: 'int8',
    });
    expect(chooseSettings({ ...nothing, reranker: 'none' }, known).reranker).toBe('none');
  });

  it('forget the adapter with the model that it belongs to', () => {
    const asked = { ...nothing, model: 'third.gguf' };
    expect(chooseSettings(asked, known)).toMatchObject({ model: 'third.gguf', adapter: 'none' });
    expect(chooseSettings({ ...asked, adapter: ADAPTER }, known)).toMatchObject({ adapter: ADAPTER });
  });

  it('name files by their whole path', () => {
    const file = join(import.meta.dirname, 'settings.test.ts');
    const relative = 'tests/unit/pipeline/settings.test.ts';
    const chosen = chooseSettings({ ...nothing, model: relative, adapter: relative }, undefined);
    expect(chosen).toMatchObject({ model: file, adapter: file });
  });

  it('take a known name for itself, whatever lies in the folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'blockrag-settings-'));
    for (const name of [DEFAULT_MODEL, 'none', 'shipped']) mkdirSync(join(folder, name));
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const adapter of ['none', 'shipped']) {
        const asked = { model: DEFAULT_MODEL, adapter };
        expect(chooseSettings({ ...nothing, ...asked }, undefined)).toMatchObject(asked);
      }
    } finally {
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  });

  it('remember no adapter where the model ships none', () => {
    expect(chooseSettings({ ...nothing, adapter: 'shipped' }, known).adapter).toBe('none');
  });

  test('of before there were rerankers have none', () => {
    const { reranker: _, ...older } = known;
    expect(chooseSettings(nothing, checkFormat(older)).reranker).toBe('none');
  });

  test('of before there were adapters have none', () => {
    const { adapter: _, ...older } = { ...known, model: DEFAULT_MODEL };
    expect(checkFormat(older)?.adapter).toBe('none');
    expect(chooseSettings(nothing, checkFormat(older)).adapter).toBe('none');
    expect(chooseSettings({ ...nothing, adapter: 'shipped' }, checkFormat(older)).adapter).toBe('shipped');
  });
});
