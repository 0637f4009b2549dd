/** Observes a model on the reference text: the largest magnitude of every channel, for smoothing. */
import type { CompiledModel } from '../model/compiled.ts';
import type { LayerPeaks } from '../model/smoothing.ts';
import { Decoder, promptMask } from './decoder.ts';
import { referencePrompts } from './reference-prompts.ts';

/** @param model compiled with observers */
export async function calibrate(model: CompiledModel): Promise<LayerPeaks[]> {
  const decoder = await Decoder.open(model);
  try {
    const peaks = new Map<string, Float32Array>();
    for (const blocks of await referencePrompts(model)) {
      const tokens = Uint32Array.from(blocks.flatMap((block) => [...block]));
      const mask = promptMask(
        blocks.map((block) => block.length),
        'block',
      );
      for (const [name, row] of await decoder.observe({ tokens, start: 0, mask })) {
        const known = peaks.get(name);
        peaks.set(name, known === undefined ? row : known.map((peak, i) => Math.max(peak, row[i]!)));
      }
    }
    return Array.from({ length: decoder.shape.layers }, (_, layer) => ({
      attention_input: peaks.get(`peak.attention_input.${layer}`)!,
      feed_forward_input: peaks.get(`peak.feed_forward_input.${layer}`)!,
      activation: peaks.get(`peak.activation.${layer}`)!,
    }));
  } finally {
    await decoder.dispose();
  }
}
