import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGES, packageStage, type Template } from '../../support/aws/packaged.ts';
import { temporaryFolder } from '../../support/models.ts';

const run = promisify(execFile);
let aws: Template;
beforeAll(async () => {
  aws = (await packageStage('prod', IMAGES)).template;
});

/** The shell script that cloud-init takes out of the user data. */
function userScript(): string {
  const { UserData } = aws.Resources.HostTemplate!.Properties.LaunchTemplateData;
  const [, part = ''] = UserData['Fn::Base64'].split('--part\n');
  expect(part).toMatch(/^Content-Type: text\/x-shellscript/);
  return part.slice(part.indexOf('#!/bin/bash'), part.indexOf('--part--'));
}

/** A host whose folders and programs are the test's: programs write down how they were called. */
async function host(programs: Record<string, string>) {
  const root = await temporaryFolder();
  const bin = join(root, 'bin');
  const calls = join(root, 'calls');
  for (const folder of ['bin', 'etc/ecs', 'etc/systemd/system', 'usr/local/sbin']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await writeFile(calls, '');
  const known: Record<string, string> = { iptables: '', docker: '', curl: '', systemctl: '', sleep: '' };
  for (const [name, body] of Object.entries({ ...known, ...programs })) {
    const file = join(bin, name);
    await writeFile(file, `#!/bin/bash\necho "${name} $*" >> ${calls}\n${body}\n`);
    await chmod(file, 0o755);
  }
  const environment = { ...process.env, PATH: `${bin}:${process.env.PATH}`, STATE: join(root, 'state') };
  const start = (file: string) => run('bash', [file], { env: environment });
  const script = userScript().replaceAll(/ \/(etc|usr)\//g, ` ${root}/$1/`);
  await writeFile(join(root, 'user-data'), script);
  await start(join(root, 'user-data'));
  return {
    file: (name: string) => readFile(join(root, name), 'utf8'),
    watch: () => start(join(root, 'usr/local/sbin/blockrag-host')),
    calls: async () => (await readFile(calls, 'utf8')).trim().split('\n'),
  };
}

/** Metadata of a spot instance: the notice is there at the third look. */
const NOTICE_AT_THIRD = `
case "$*" in
  *api/token*) echo TOKEN ;;
  *instance-action*) echo x >> $STATE; [ "$(wc -l < $STATE)" -ge 3 ] || exit 22 ;;
esac`;

describe('a host of Batch', () => {
  it('tells ECS to drain, and starts its watch', async () => {
    const { file, calls } = await host({});
    expect(await file('etc/ecs/ecs.config')).toContain('ECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n');
    expect(await file('etc/systemd/system/blockrag-host.service')).toContain(
      'ExecStart=/usr/local/sbin/blockrag-host',
    );
    expect(await calls()).toContain('systemctl enable --now blockrag-host');
  });

  it('keeps the user of the containers away from the role of the host', async () => {
    const { watch, calls } = await host({ curl: NOTICE_AT_THIRD, iptables: '[ "$1" != -C ]' });
    await watch();
    const { User } = aws.Resources.BatchJobCpu!.Properties.ContainerProperties;
    expect(await calls()).toContain(
      `iptables -I OUTPUT -d 169.254.169.254 -m owner --uid-owner ${User} -j REJECT`,
    );
  });

  it('is watched no further when the role cannot be kept from them', async () => {
    const { watch } = await host({ curl: NOTICE_AT_THIRD, iptables: 'exit 1' });
    await expect(watch()).rejects.toMatchObject({ code: 1 });
  });

  it('stops the containers of jobs when it is told that it goes, and not before', async () => {
    const { watch, calls } = await host({
      curl: NOTICE_AT_THIRD,
      docker: '[ "$1" = ps ] && echo -e "one\\ntwo"; true',
    });
    await watch();
    const all = await calls();
    expect(all.filter((call) => call.includes('instance-action'))).toHaveLength(3);
    expect(all.slice(-2)).toEqual([
      'docker ps -q --filter label=com.amazonaws.ecs.task-arn',
      'docker stop -t 100 one two',
    ]);
  });

  it('looks again when its metadata do not answer', async () => {
    const { watch, calls } = await host({
      curl: 'echo x >> $STATE; [ "$(wc -l < $STATE)" -ge 4 ] || exit 28; echo TOKEN',
    });
    await watch();
    expect((await calls()).filter((call) => call === 'sleep 5')).toHaveLength(3);
  });
});
