/** The shape of a model's keys and values. */
export interface KvShape {
  layers: number;
  kvHeads: number;
  headDim: number;
}

/** Keys or values of one token in one layer: kv_heads * head_dim. */
export function kvWidth(shape: KvShape): number {
  return shape.kvHeads * shape.headDim;
}

/** Bytes of a token's keys and values in a context: float32, of all layers. */
export function contextBytesPerToken(shape: KvShape): number {
  return kvWidth(shape) * 4 * 2 * shape.layers;
}

/** Keys (before rotation) and values of a block as computed: for each layer [tokens, kv_heads, head_dim]. */
export interface BlockKv {
  tokens: number;
  keys: Float32Array[];
  values: Float32Array[];
}
