import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BLOCKRAG, runProcess } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { FERRY, manyPassages } from '../support/product/texts.ts';

/** Whether an ordinary user may mount a file system here (user namespaces). CI must. */
const canMount = (() => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return process.env.CI !== undefined;
  }
})();

/** Runs in the namespace in which the small disk is mounted: $0 is the folder, "$@" the command. */
const SCRIPT = `
set -u
mkdir "$0/data"
mount -t tmpfs -o size=6m none "$0/data"
cd "$0"
"$@" add ferry.md --data data --json
echo "exit $?"
"$@" add large.md --data data --json
echo "exit $?"
find data/blobs -type f -path '*.tmp*'
echo "temporary files above"
"$@" ask "When does the ferry leave?" --max-tokens 4 --data data --json
echo "exit $?"
mount -o remount,size=64m "$0/data"
"$@" add large.md --data data --json
echo "exit $?"
`;

/** The disk is filled to the last byte, and a document removed. */
const EMPTYING = `
set -u
mkdir "$0/data"
mount -t tmpfs -o size=24m none "$0/data"
cd "$0"
"$@" add large.md --data data --json
dd if=/dev/zero of=data/filler bs=4096 2>/dev/null
df --output=avail data | tail -1
"$@" add other.md --data data --json
"$@" remove large.md --data data --json
echo "exit $?"
df --output=avail data | tail -1
"$@" add other.md --data data --json
echo "exit $?"
`;

describe.skipIf(!canMount)('a disk that is full', { timeout: 300_000 }, () => {
  it('is told as storage_full; what was ready answers, and with more room the rest gets ready', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'ferry.md'), FERRY);
    writeFileSync(join(folder, 'large.md'), manyPassages(24, 0));
    const command = ['unshare', '-rm', 'sh', '-c', SCRIPT, folder, process.execPath, BLOCKRAG];
    const { stdout, stderr } = await runProcess(command);
    const lines = stdout.trim().split('\n');
    const [ferry, ok, full, failed, marker, answer, answered, again, complete] = lines;
    expect([ok, failed, answered, complete], stdout + stderr).toEqual([
      'exit 0',
      'exit 1',
      'exit 0',
      'exit 0',
    ]);
    expect(marker).toBe('temporary files above');
    expect(JSON.parse(ferry!)).toMatchObject({ documents: [{ status: 'ready' }] });
    const { error, failures } = JSON.parse(full!);
    expect([error?.code, ...(failures ?? []).map((failure: { code: string }) => failure.code)]).toContain(
      'storage_full',
    );
    expect(JSON.parse(answer!)).toMatchObject({ citations: [{ document: 'ferry.md' }] });
    expect(JSON.parse(again!)).toMatchObject({ documents: [{ status: 'ready', error: null }] });
  });

  it('is emptied by deleting', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'large.md'), manyPassages(24, 0));
    writeFileSync(join(folder, 'other.md'), FERRY);
    const command = ['unshare', '-rm', 'sh', '-c', EMPTYING, folder, process.execPath, BLOCKRAG];
    const { stdout, stderr } = await runProcess(command);
    const [large, before, refused, removed, ok, after, other, again] = stdout.trim().split('\n');
    expect(JSON.parse(large!), stdout + stderr).toMatchObject({ documents: [{ status: 'ready' }] });
    expect(Number(before)).toBe(0);
    expect(refused).toContain('storage_full');
    expect(JSON.parse(removed!)).toMatchObject({ removed: [expect.any(String)] });
    expect([ok, again]).toEqual(['exit 0', 'exit 0']);
    // KiB: the stored keys and values of 24 passages.
    expect(Number(after)).toBeGreaterThan(2_000);
    expect(JSON.parse(other!)).toMatchObject({ documents: [{ status: 'ready' }] });
  });
});
