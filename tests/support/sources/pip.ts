/** A python3 whose pip is a shell script that serves wheels from a folder. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { zip } from './zip.ts';

/** $destination is the folder to download to, $wanted is DISTRIBUTION==VERSION. */
export async function fakePip(folder: string, script: string): Promise<void> {
  const python = join(folder, 'python3');
  const head = '#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\ndestination=$2\nwanted=$3\n';
  await writeFile(python, `${head}${script}\n`);
  await chmod(python, 0o755);
  vi.stubEnv('BLOCKRAG_PYTHON', python);
}

/**
 * An index in `folder`. A wheel can be there in a first state, which only the first download gets; the download of a
 * distribution that has been stalled waits, until it is released.
 */
export async function fakeIndex(folder: string) {
  const wheels = join(folder, 'wheels');
  await mkdir(wheels, { recursive: true });
  const path = (distribution: string) => join(wheels, `${distribution}==1.0`);
  await fakePip(
    folder,
    `echo "$wanted" >> ${folder}/runs
wheel=${wheels}/$wanted
if [ -e "$wheel.stalled" ]; then
  echo half > "$TMPDIR/half"
  echo $$ > "$wheel.pid"
  while [ -e "$wheel.stalled" ]; do sleep 0.05; done
fi
if [ -e "$wheel.first" ]; then mv "$wheel.first" "$TMPDIR/part"; else cp "$wheel" "$TMPDIR/part"; fi || {
  echo "ERROR: No matching distribution found for $wanted" >&2
  exit 1
}
cp "$TMPDIR/part" "$destination/wheel-1.0-py3-none-any.whl"`,
  );
  return {
    put: (distribution: string, members: Record<string, Buffer>, state: '' | '.first' = '') =>
      writeFile(path(distribution) + state, zip(members)),
    path,
    stall: (distribution: string) => writeFile(`${path(distribution)}.stalled`, ''),
    /** The distributions that were asked for, in order. */
    runs: async () => {
      const lines = await readFile(join(folder, 'runs'), 'utf8').catch(() => '');
      return lines.split('\n').flatMap((line) => (line === '' ? [] : [line.replace('==1.0', '')]));
    },
    forget: () => writeFile(join(folder, 'runs'), ''),
  };
}
