/** Weights as transformers names them, as the graph wants them. Rotation halves are split there already. */
import type { Architecture } from '../architecture.ts';
import type { Matrix } from '../onnx/linear.ts';
import { unsupported } from '../unsupported.ts';
import { stack, type WeightSource } from '../weights.ts';
import type { Tensors } from './tensors.ts';

/** Older files keep what is computed anew. */
const KNOWN =
  /^(?:model\.embed_tokens\.weight|model\.norm\.weight|lm_head\.weight|model\.rotary_emb\.inv_freq|model\.layers\.(\d+)\.(?:(?:input_layernorm|post_attention_layernorm|(?:pre|post)_feedforward_layernorm|self_attn\.[qk]_norm)\.weight|self_attn\.rotary_emb\.inv_freq|(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj)\.(?:weight|bias)))$/;

/** @throws BlockragError `model_unsupported` for a tensor that is not understood */
export function huggingFaceWeights(tensors: Tensors, architecture: Architecture): WeightSource {
  const { hidden, feedForward, queryHeads, kvHeads, headDim, vocabulary, layers, gemma } = architecture;
  for (const name of tensors.shapes.keys()) {
    const match = KNOWN.exec(name);
    const ofGemma = name.includes('_feedforward_layernorm');
    if (match === null || Number(match[1] ?? 0) >= layers || (ofGemma && gemma === undefined)) {
      throw unsupported(`the tensor ${name} is not understood`);
    }
  }
  const matrix = async (name: string, outputs: number, inputs: number): Promise<Matrix> => ({
    outputs,
    inputs,
    weight: await tensors.read(`${name}.weight`, [outputs, inputs]),
    bias: tensors.has(`${name}.bias`) ? await tensors.read(`${name}.bias`, [outputs]) : undefined,
  });
  const norm = async (name: string, length: number) => {
    const gain = await tensors.read(`${name}.weight`, [length]);
    // gemma's gains are stored less 1.
    return gemma === undefined ? gain : gain.map((value) => 1 + value);
  };
  const optionalNorm = (name: string) =>
    tensors.has(`${name}.weight`) ? norm(name, headDim) : Promise.resolve(undefined);
  const embedding = () => tensors.read('model.embed_tokens.weight', [vocabulary, hidden]);
  /** In gemma, post_attention_layernorm is a norm of what the attention adds. */
  const feedForwardNorms = async (layer: string) => {
    const afterAttention = await norm(`${layer}.post_attention_layernorm`, hidden);
    if (gemma === undefined) return { feedForwardNorm: afterAttention };
    return {
      attentionPostNorm: afterAttention,
      feedForwardNorm: await norm(`${layer}.pre_feedforward_layernorm`, hidden),
      feedForwardPostNorm: await norm(`${layer}.post_feedforward_layernorm`, hidden),
    };
  };
  return {
    embedding,
    outputNorm: () => norm('model.norm', hidden),
    head: () => (architecture.tiedHead ? embedding() : tensors.read('lm_head.weight', [vocabulary, hidden])),
    async layer(index) {
      const layer = `model.layers.${index}`;
      const attention = `${layer}.self_attn`;
      return {
        attentionNorm: await norm(`${layer}.input_layernorm`, hidden),
        qkv: stack([
          await matrix(`${attention}.q_proj`, queryHeads * headDim, hidden),
          await matrix(`${attention}.k_proj`, kvHeads * headDim, hidden),
          await matrix(`${attention}.v_proj`, kvHeads * headDim, hidden),
        ]),
        queryNorm: await optionalNorm(`${attention}.q_norm`),
        keyNorm: await optionalNorm(`${attention}.k_norm`),
        attentionOutput: await matrix(`${attention}.o_proj`, hidden, queryHeads * headDim),
        ...(await feedForwardNorms(layer)),
        gateUp: stack([
          await matrix(`${layer}.mlp.gate_proj`, feedForward, hidden),
          await matrix(`${layer}.mlp.up_proj`, feedForward, hidden),
        ]),
        down: await matrix(`${layer}.mlp.down_proj`, hidden, feedForward),
      };
    },
  };
}
