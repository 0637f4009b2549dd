import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { publish } from '../../../shared/files/publish.ts';
import { servicesDirectory } from '../../services/install.ts';
import { GPU_IMAGES, IMAGES, packageStage, SERVERS } from '../../support/aws/packaged.ts';
import { temporaryFolder } from '../../support/models.ts';

const run = promisify(execFile);
const VERSION = '1.58.0';
const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555';
const home = join(servicesDirectory(), `cfn-lint-${VERSION}`);

/** What cfn-lint finds in templates: nothing is the empty text. Its own script does not outlast the renaming. */
async function lint(...files: string[]): Promise<string> {
  const main = 'import sys; from cfnlint.runner import main; sys.exit(main())';
  const args = ['-c', main, '--regions', 'us-east-1', '--format', 'parseable', '--', ...files];
  return run(join(home, 'bin/python'), args).then(
    () => '',
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

beforeAll(async () => {
  if (existsSync(home)) return;
  await publish(home, async (folder) => {
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `cfn-lint==${VERSION}`];
    await run(join(folder, 'bin/python'), pip);
  });
});

describe('cfn-lint', () => {
  it('finds nothing in the templates of AWS and of the local stage, for both servings', async () => {
    const packaged = [
      await packageStage('prod', GPU_IMAGES),
      await packageStage('dev', {
        ...IMAGES,
        ...{ alarmEmail: 'ops@example.com', reserve: 'none', traces: 'Active' },
        ...{
          domain: 'api.example.com',
          certificate: CERTIFICATE,
          basePath: 'rag',
          corsOrigins: 'https://a.test',
        },
      }),
      await packageStage('local'),
      await packageStage('prod', SERVERS),
      await packageStage('dev', { ...SERVERS, batch: 'none', waf: 'none', serversMax: '2' }),
      await packageStage('local', { serving: 'ecs' }),
    ];
    expect(await lint(...packaged.map(({ file }) => file))).toBe('');
  }, 180_000);

  it('finds a size of servers that Fargate does not have', async () => {
    const { file } = await packageStage('prod', { ...SERVERS, serverMemory: '4096' });
    expect(await lint(file)).toContain('4096');
  });

  it('finds a misspelt property and a queue hidden for less than its function takes', async () => {
    const { file } = await packageStage('prod', IMAGES);
    const template = JSON.parse(await readFile(file, 'utf8'));
    template.Resources.IngestQueue.Properties.VisibilityTimeout = 30;
    template.Resources.Table.Properties.BilingMode = 'PAY_PER_REQUEST';
    const planted = join(await temporaryFolder(), 'template.json');
    await writeFile(planted, JSON.stringify(template));
    const found = await lint(planted);
    expect(found).toContain('Queue visibility timeout (30) is less than Function timeout (300)');
    expect(found).toContain('BilingMode');
  });
});
