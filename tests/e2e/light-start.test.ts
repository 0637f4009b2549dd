import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VERSION } from '../../shared/version.ts';
import { loadedBy } from '../support/loaded/index.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';

const data = temporaryDirectory();
let server: Server;
beforeAll(async () => {
  server = await startServer(data);
  await uploadText(server, 'ferry.md', FERRY);
});
afterAll(() => server?.stop('SIGKILL'));

describe('a command that does little loads little', { timeout: 120_000 }, () => {
  it('--help: the parser of options alone', async () => {
    const { stdout, packages, libraries } = await loadedBy(['--help']);
    expect(stdout).toContain('Usage: blockrag');
    expect(packages).toEqual(['commander']);
    expect(libraries).toEqual([]);
  });

  it('--version: no more', async () => {
    const { stdout, packages } = await loadedBy(['--version']);
    expect(stdout.trim()).toBe(VERSION);
    expect(packages).toEqual(['commander']);
  });

  it('documents beside a server: no store, model or index', async () => {
    // Settings that are asked for are compared with the server's, for which they are read.
    for (const setting of ['MODEL', 'ADAPTER']) vi.stubEnv(`BLOCKRAG_${setting}`, undefined);
    const { stdout, packages, libraries } = await loadedBy(['documents', '--data', data]);
    vi.unstubAllEnvs();
    expect(stdout).toContain('ferry.md');
    expect(packages).toEqual(['commander']);
    expect(libraries).toEqual([]);
  });

  it('documents without a server: what opens the data directory, and neither runs nor compiles a model', async () => {
    await server.stop('SIGTERM');
    const { packages, libraries } = await loadedBy(['documents', '--data', data]);
    expect(packages).toEqual(expect.arrayContaining(['lmdb', '@lancedb/lancedb']));
    expect(libraries.join()).toMatch(/lancedb/);
    for (const heavy of [
      'onnxruntime-node',
      'onnx-buf',
      '@bufbuild/protobuf',
      '@huggingface/gguf',
      'yauzl',
    ]) {
      expect(packages).not.toContain(heavy);
    }
  });
});
