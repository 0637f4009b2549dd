/**
 * What grounding costs: the default model against the same without it, in alternation in one process; medians.
 *
 * node --import tsx tests/bench/grounding.ts [contexts, default 2048,6000] [rounds, default 15]
 */
import { Console } from 'node:console';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema, NodeProtoSchema } from 'onnx-buf';
import { CompiledModel, type ModelManifest } from '../../shared/model/compiled.ts';
import { Ours } from './speed/ours.ts';
import { Samples } from './speed/report.ts';

const contexts = (process.argv[2] ?? '2048,6000').split(',').map(Number);
const rounds = Number(process.argv[3] ?? 15);
const out = new Console(process.stdout);
const directory = await mkdtemp(join(tmpdir(), 'blockrag-bench-'));
const grounded = await Ours.open('w8a8', directory);
const plain = await Ours.open('w8a8', directory, 0, await withoutGrounding(grounded.model));
const samples = new Samples();
for (const context of contexts) {
  await grounded.prepare(context);
  for (let round = 0; round <= rounds; round++) {
    samples.counting = round > 0;
    const pair = [
      ['with', grounded],
      ['without', plain],
    ] as const;
    // Each goes first every other time.
    for (const [who, ours] of round % 2 === 0 ? pair : pair.toReversed()) {
      const figures = await ours.firstToken(context, 'block');
      for (const what of ['first', 'attend', 'decode'] as const) {
        samples.add(`${what} @${context}, ms`, who, figures[what]);
      }
    }
  }
}
const rows = Object.entries(samples.medians()).map(([figure, row]) => {
  return { figure, ...row, ratio: Math.round((1000 * row.with!) / row.without!) / 1000 };
});
out.table(rows);
await Promise.all([grounded.close(), plain.close()]);
await rm(directory, { recursive: true });

/** A copy of a compiled model whose output `attention` is another, idle one, and nothing is computed for it. */
async function withoutGrounding(model: CompiledModel): Promise<CompiledModel> {
  const folder = join(directory, 'plain');
  await mkdir(folder);
  const proto = fromBinary(ModelProtoSchema, await readFile(model.graphFile));
  const graph = proto.graph!;
  const given = graph.node.find(({ output }) => output.includes('attention'))!;
  given.output = ['unused'];
  graph.node.push(
    create(NodeProtoSchema, { opType: 'Identity', input: ['rope_cos'], output: ['attention'] }),
  );
  const output = graph.output.find(({ name }) => name === 'attention')!;
  output.type = graph.input.find(({ name }) => name === 'rope_cos')!.type!;
  dropUnused(graph);
  const bytes = toBinary(ModelProtoSchema, proto);
  const manifest = structuredClone(model.manifest) as ModelManifest;
  for (const file of manifest.files) {
    if (file.name === 'model.onnx') file.bytes = bytes.length;
    else await copyFile(join(model.directory, file.name), join(folder, file.name));
  }
  await writeFile(join(folder, 'model.onnx'), bytes);
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest));
  return CompiledModel.open(folder);
}

/** Removes nodes that nothing is computed from, until there is none. */
function dropUnused(graph: GraphProto): void {
  for (;;) {
    const used = new Set([
      ...graph.node.flatMap(({ input }) => input),
      ...graph.output.map(({ name }) => name),
    ]);
    const left = graph.node.filter(({ output }) => output.some((name) => used.has(name)));
    if (left.length === graph.node.length) return;
    graph.node = left;
  }
}
