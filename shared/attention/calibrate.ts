/** Observes a model on the reference text: the largest magnitude of every activation channel, for smoothing. */
import type { CompiledModel } from '../model/compiled.ts';
import type { ActivationPeaks } from '../model/smoothing.ts';
import { concatTokens } from '../model/tokens.ts';
import { Decoder } from './decoder.ts';
import { promptMask } from './masks.ts';
import { referencePrompts } from './reference-prompts.ts';

/** @param model compiled with observers */
export async function calibrate(model: CompiledModel): Promise<ActivationPeaks> {
  const decoder = await Decoder.open(model);
  try {
    const names = Array.from({ length: decoder.shape.layers }, (_, layer) => `activation_peak.${layer}`);
    let peaks: Float32Array[] | undefined;
    for (const blocks of await referencePrompts(model)) {
      const tokens = concatTokens(blocks);
      const lengths = blocks.map((block) => block.length);
      const input = { tokens, start: 0, mask: promptMask(lengths, 'block') };
      const seen = await decoder.observe(input, names);
      peaks = peaks?.map((row, layer) => row.map((peak, i) => Math.max(peak, seen[layer]![i]!))) ?? seen;
    }
    return peaks!;
  } finally {
    await decoder.dispose();
  }
}
