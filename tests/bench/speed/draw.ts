/** One plot of what was measured of several models. */
import { readFile } from 'node:fs/promises';
import { drawTimes } from './peers.ts';
import { firstTokens, type Report } from './report.ts';

/** Draws reports of several models in one plot: block and full attention, and llama.cpp's two ways. */
export async function drawReports(files: readonly string[], svg: string): Promise<void> {
  const reports = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as Report),
  );
  const points = reports.flatMap(({ model, flops, figures }) =>
    flops
      .flatMap(({ context }) => firstTokens(figures, context))
      .filter(({ who }) => who !== 'blockrag block, blobs in memory')
      .map((point) => ({ ...point, who: `${sizeOf(model)} ${point.who}` })),
  );
  await drawTimes(svg, points, { x: 'tokens of context', y: 'first token, ms' });
}

/** "0.5b" of qwen2.5-coder-0.5b-instruct. */
function sizeOf(model: string): string {
  return /-([0-9.]+[mb])\b/.exec(model)?.[1] ?? model;
}
