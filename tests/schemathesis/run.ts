/**
 * Tests a served API against its own /openapi.json with schemathesis: no 5xx, no status, content type or body that
 * is not described, no route that forgets to ask for a key.
 *
 *   node --import tsx tests/schemathesis/run.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publish } from '../../shared/files/publish.ts';
import { cacheDirectory } from '../../shared/model/cache.ts';
import { requireTools, runStep, TOOLS } from '../services/tools.ts';
import { blockragJson } from '../support/product/command.ts';
import { startServer, uploadText } from '../support/product/server.ts';
import { FERRY } from '../support/product/texts.ts';
import { testFetch } from '../support/settings.ts';

const VERSION = '4.32.5';
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'ignored_auth',
];
/** The same cases at every run; bounded to some two minutes on two cores. */
const BOUNDS = ['--max-examples', '40', '--seed', '1', '--no-color'];

const python = join(await installed(), 'bin', 'python');
const data = await mkdtemp(join(tmpdir(), 'blockrag-schemathesis-'));
try {
  process.exitCode = await test();
} finally {
  await rm(data, { recursive: true, force: true });
}

/** The folder of schemathesis, installed at the first run. */
async function installed(): Promise<string> {
  const folder = join(cacheDirectory(testFetch().cache), `schemathesis-${VERSION}`);
  requireTools(`schemathesis ${VERSION}`, [TOOLS.python3]);
  await publish(folder, async (temporary) => {
    await runStep({ command: 'python3', args: ['-m', 'venv', temporary] });
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    const args = ['-m', 'pip', 'install', ...options, `schemathesis==${VERSION}`];
    await runStep({ command: join(temporary, 'bin', 'python'), args });
  });
  return folder;
}

/** Starts a server with a key and a document, and lets schemathesis at it. */
async function test(): Promise<number> {
  const made = ['keys', 'add', '--name', 'schemathesis', '--scope', 'admin', '--data', data];
  const { key, id } = (await blockragJson<{ key: string; id: string }>(made)).value;
  const server = await startServer(data, { BLOCKRAG_LOG: 'error', BLOCKRAG_REQUEST_TIMEOUT_MS: '30000' });
  const caller = server.as(key);
  try {
    await uploadText(caller, 'ferry.md', FERRY, 'station');
    const options = ['--checks', CHECKS.join(), ...BOUNDS, '--warnings', 'off'];
    const child = spawn(
      python,
      [
        '-m',
        'schemathesis.cli',
        'run',
        `${server.url}/openapi.json`,
        '-H',
        `Authorization: Bearer ${key}`,
        ...options,
      ],
      {
        cwd: data,
        stdio: 'inherit',
        env: {
          ...process.env,
          SCHEMATHESIS_HOOKS: 'hooks',
          SCHEMATHESIS_KEY_ID: id,
          PYTHONPATH: import.meta.dirname,
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
    const [code] = (await once(child, 'close')) as [number | null];
    // A run that revoked its own key would have tested nothing but that.
    const { status } = await caller.fetch('/v1/collections');
    if (status !== 200) process.stderr.write(`The key or the server did not last: ${status}\n`);
    if (code !== 0) process.stderr.write(server.log());
    return code === 0 && status === 200 ? 0 : 1;
  } finally {
    await server.stop();
  }
}
