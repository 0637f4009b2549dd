/**
 * A BERT encoder as an ONNX graph: input_embeddings [1, S, hidden] (word, position and type summed) in,
 * last_hidden_state [1, S, hidden] out. Weights are int8 by output channel, rows are quantised as they come.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataType, GraphBuilder, type ValueName, WeightsFile } from '../../model/onnx/graph.ts';
import { LinearWriter } from '../../model/onnx/linear.ts';
import type { PackedE5 } from './packed.ts';

/** Writes model.onnx and weights.data into a folder that is there. */
export async function writeEncoder(model: PackedE5, folder: string): Promise<void> {
  const file = await WeightsFile.create(folder, 'weights.data');
  try {
    const graph = new GraphBuilder('encoder', file);
    const linear = new LinearWriter(graph, 'w8a8');
    const { hidden, layers, heads, feedForward, epsilon } = model.shape;
    const norm = async (x: ValueName, name: string, output?: ValueName) => {
      const gain = await graph.weight(`${name}.gain`, DataType.FLOAT, [hidden], model.floats(`${name}.w`));
      const bias = await graph.weight(`${name}.bias`, DataType.FLOAT, [hidden], model.floats(`${name}.b`));
      const attributes = { axis: -1, epsilon: { float: epsilon } };
      return graph.node('LayerNormalization', [x, gain, bias], attributes, output);
    };
    const project = (x: ValueName, name: string, outputs: number, inputs: number) =>
      linear.linear(x, name, model.matrix(name, outputs, inputs));

    graph.input('input_embeddings', DataType.FLOAT, [1, 'S', hidden]);
    graph.output('last_hidden_state', DataType.FLOAT, [1, 'S', hidden]);
    let x = await norm('input_embeddings', 'emb.ln');
    for (let i = 0; i < layers; i++) {
      const query = await project(x, `l${i}.q`, hidden, hidden);
      const key = await project(x, `l${i}.k`, hidden, hidden);
      const value = await project(x, `l${i}.v`, hidden, hidden);
      const attended = graph.contrib('MultiHeadAttention', [query, key, value], { num_heads: heads });
      const mixed = await project(attended, `l${i}.ao`, hidden, hidden);
      x = await norm(graph.node('Add', [x, mixed]), `l${i}.aln`);
      const inner = graph.node('Gelu', [await project(x, `l${i}.fi`, feedForward, hidden)]);
      const outer = await project(inner, `l${i}.fo`, hidden, feedForward);
      const last = i === layers - 1 ? 'last_hidden_state' : undefined;
      x = await norm(graph.node('Add', [x, outer]), `l${i}.oln`, last);
    }
    await writeFile(join(folder, 'model.onnx'), graph.model());
  } finally {
    await file.close();
  }
}
