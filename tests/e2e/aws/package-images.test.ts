import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readAdapter, shippedAdapter } from '../../../shared/model/adapter.ts';
import { DEFAULT_MODEL } from '../../../shared/model/sources/index.ts';
import { parseAwsStores } from '../../../shared/stores/aws.ts';
import { buildStage, runStage } from '../../support/aws/build-stage.ts';
import { temporaryFolder } from '../../support/models.ts';
import { runProcess } from '../../support/product/command.ts';
import { askServer, startServer, uploadText } from '../../support/product/server.ts';
import { FERRY } from '../../support/product/texts.ts';

interface Compose {
  services: Record<
    string,
    {
      build?: { context: string; dockerfile: string };
      environment?: Record<string, string>;
      command?: string[];
    }
  >;
}

const ROOT = resolve(import.meta.dirname, '../../..');
const dockerfile = (name: string) => join(ROOT, `infra/docker/${name}.Dockerfile`);

describe('the images of the functions and of a plain server', () => {
  let workdir: string;
  let cache: string;
  beforeAll(async () => {
    const folder = await temporaryFolder();
    workdir = join(folder, 'build');
    cache = join(folder, 'cache');
    await mkdir(workdir);
    const environment = { ...process.env, BLOCKRAG_CACHE: cache, npm_config_prefer_offline: 'true' };
    const at = { context: ROOT, workdir, environment };
    // Of the plain server, and then the one step in which that of the functions differs.
    await runStage(await buildStage(dockerfile('server')), at);
    const [last] = (await buildStage(dockerfile('functions'))).slice(-1);
    await runStage([last!], at);
  }, 600_000);
  // The steps take the right to write away, without which the folder cannot be removed.
  afterAll(async () => {
    for (const entry of await readdir(cache, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
    }
  });

  it('has the handlers', async () => {
    const files = await readdir(join(workdir, 'artifacts/functions'));
    expect(files).toEqual(expect.arrayContaining(['query.mjs', 'ingest.mjs', 'precompute.mjs', 'sweep.mjs']));
  });

  it('has the adapter beside the bundles, by which they find the compiled model', () => {
    const shipped = relative(join(ROOT, 'shared/model'), shippedAdapter(DEFAULT_MODEL));
    expect(existsSync(join(workdir, 'artifacts/functions', shipped))).toBe(true);
  });

  it('has the model compiled with its adapter, and needs no network for it', async () => {
    const blockrag = join(workdir, 'functions/cli/blockrag.js');
    const env = {
      ...process.env,
      BLOCKRAG_CACHE: cache,
      BLOCKRAG_ADAPTER: 'shipped',
      https_proxy: 'http://127.0.0.1:9',
      PIP_NO_INDEX: '1',
    };
    const compile = [blockrag, 'model', 'compile', '--json'];
    const made = JSON.parse(execFileSync(process.execPath, compile, { env }).toString());
    const { adapter, compute, directory } = made;
    expect(compute).toBe('w8a8');
    expect(adapter.sha256).toBe((await readAdapter(shippedAdapter(DEFAULT_MODEL))).sha256);
    expect(directory.startsWith(join(cache, 'compiled'))).toBe(true);
    expect(existsSync(join(cache, 'downloads'))).toBe(false);
  });

  it('has the server of the plain image, which serves once there is a key, without a network', async () => {
    const command = join(workdir, 'artifacts/server/dist/functions/cli/blockrag.js');
    const environment = {
      BLOCKRAG_CACHE: cache,
      BLOCKRAG_ADAPTER: 'shipped',
      https_proxy: 'http://127.0.0.1:9',
    };
    const data = await temporaryFolder();
    const run = (...args: string[]) =>
      runProcess([process.execPath, command, ...args, '--data', data, '--json'], { env: environment });
    const refused = await run('serve', '--host', '0.0.0.0', '--port', '0');
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('blockrag keys add'),
    });
    const { key } = JSON.parse((await run('keys', 'add', '--name', 'test')).stdout) as { key: string };
    const server = await startServer(data, environment, ['--host', '0.0.0.0'], command);
    try {
      expect((await server.fetch('/v1/documents')).status).toBe(401);
      await uploadText(server.as(key), 'ferry.md', FERRY);
      const { usage } = await askServer(server.as(key), 'When does the ferry leave?');
      expect(usage).toMatchObject({ encoded_tokens: 0 });
    } finally {
      await server.stop();
    }
  }, 300_000);

  it('has a cache that everybody reads and nobody writes', async () => {
    for (const entry of await readdir(cache, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect(mode & 0o222, entry.name).toBe(0);
      expect(mode & 0o444, entry.name).toBe(0o444);
    }
  });
});

describe('the image of a plain server', () => {
  const texts = async (name: string) => (await buildStage(dockerfile(name))).map(({ text }) => text);

  it('is built as that of the functions, with the npm package in the place of their artifact', async () => {
    const expected = (await texts('functions')).map((text) =>
      text
        .replace('package.sh functions', 'server.sh')
        .replace('tsconfig.json ./', 'tsconfig.json tsconfig.build.json ./'),
    );
    expect(await texts('server')).toEqual(expected);
  });

  it('starts the command line, which serves other machines', async () => {
    const text = await readFile(dockerfile('server'), 'utf8');
    expect(text).toContain('ENTRYPOINT ["node", "/opt/blockrag/server/dist/functions/cli/blockrag.js"]');
    expect(text).toContain('CMD ["serve", "--host", "0.0.0.0"]');
    // The model that was compiled is the one that is asked for.
    expect(text).toMatch(
      /^ENV BLOCKRAG_MODEL=\$\{MODEL\} BLOCKRAG_ADAPTER=\$\{ADAPTER\} BLOCKRAG_COMPUTE=\$\{COMPUTE\}$/m,
    );
  });
});

describe('the compose file', () => {
  it('has the server with everything in a volume, and two on stores that they share', async () => {
    const file = join(ROOT, 'infra/docker/compose.yml');
    const { services } = parse(await readFile(file, 'utf8'), { merge: true }) as Compose;
    expect(Object.keys(services)).toEqual(['blockrag', 'one', 'two', 's3', 'dynamodb']);
    for (const name of ['blockrag', 'one', 'two']) {
      const { dockerfile: path, context } = services[name]!.build!;
      expect(existsSync(join(ROOT, 'infra/docker', context, path))).toBe(true);
    }
    expect(services.blockrag).not.toHaveProperty('environment');
    for (const name of ['one', 'two']) {
      const { environment, command } = services[name]!;
      expect(parseAwsStores(environment!.BLOCKRAG_STORES!)).toMatchObject({
        bucket: 'blockrag',
        table: 'blockrag',
      });
      expect(command).toContain('--create-stores');
    }
  });
});

describe('the images of the Batch worker', () => {
  const texts = async (name: string) => (await buildStage(dockerfile(name))).map(({ text }) => text);
  const own = (text: string) => text.replace('package.sh functions', 'package.sh precompute');

  it('for CPUs is built as that of the functions, with its own artifact', async () => {
    expect(await texts('precompute')).toEqual((await texts('functions')).map(own));
  });

  it('for GPUs is built so with the CUDA provider, and a compute type that CUDA has kernels for', async () => {
    const expected = (await texts('functions')).flatMap((text) => {
      if (text.endsWith('install.sh')) return [text, 'infra/docker/steps/cuda.sh'];
      return [text === 'COMPUTE=w8a8' ? 'COMPUTE=fp16' : own(text)];
    });
    expect(await texts('gpu')).toEqual(expected);
  });
});

describe('the images', () => {
  it('run as nobody', async () => {
    for (const name of ['functions', 'precompute', 'gpu', 'server']) {
      expect(await readFile(dockerfile(name), 'utf8')).toMatch(/^USER 65534:65534$/m);
    }
  });
});
