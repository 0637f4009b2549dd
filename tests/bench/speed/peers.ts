/** What the bench compares with and draws with: packages of their own (tests/bench/peers), installed when wanted. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));

/** Installs the peers from their lock file unless they are there. They need no scripts and no compiler. */
export function installPeers(): void {
  if (existsSync(`${PEERS}node_modules/node-llama-cpp`)) return;
  process.stderr.write('installing the peers (725 MB, once) in tests/bench/peers\n');
  // Not ci: it stops where a registry lacks the binaries of another platform.
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, { cwd: PEERS, stdio: ['ignore', 2, 2] });
  if (status !== 0)
    throw new Error('npm install failed in tests/bench/peers; the bench runs with --no-peers');
}

/** One measured time of one line of a plot. */
export interface TimePoint {
  x: number;
  ms: number;
  who: string;
}

/** Draws times against a size to an SVG file; both axes are logarithmic. */
export async function drawTimes(
  file: string,
  points: readonly TimePoint[],
  labels: { x: string; y: string },
): Promise<void> {
  installPeers();
  const module = new URL('../peers/plot.js', import.meta.url).href;
  const { plotTimes } = (await import(module)) as {
    plotTimes(points: readonly TimePoint[], labels: { x: string; y: string }): string;
  };
  await writeFile(file, plotTimes(points, labels));
  process.stderr.write(`drawn: ${file}\n`);
}
