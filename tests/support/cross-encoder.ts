/** A tiny cross-encoder whose right order is known: it counts which words of the question the passage holds. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataType, GraphBuilder } from '../../shared/model/onnx/graph.ts';

export interface CrossEncoderOptions {
  /** Words of the vocabulary; any other is unknown, and unknown words are all the same. */
  words: readonly string[];
  /** Numbers that it gives for a pair. */
  labels?: number;
  /** An input that no encoder of the BERT kind takes. */
  input?: string;
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];

/**
 * Writes FOLDER/onnx/model.onnx and FOLDER/tokenizer.json, as repositories on Hugging Face have them. Its score of a
 * pair: word pieces of the question, times those of the passage that are the same, less one for the separators.
 */
export async function writeCrossEncoder(
  folder: string,
  { words, labels = 1, input }: CrossEncoderOptions,
): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'onnx/model.onnx'), graphOf(labels, input));
  const vocab = Object.fromEntries([...SPECIAL, ...words].map((word, id) => [word, id]));
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
}

function graphOf(labels: number, input: string | undefined): Uint8Array {
  const graph = new GraphBuilder('cross');
  const names = ['input_ids', 'attention_mask', 'token_type_ids', ...(input === undefined ? [] : [input])];
  for (const name of names) graph.input(name, DataType.INT64, ['N', 'S']);
  graph.output('logits', DataType.FLOAT, ['N', labels]);
  const float = (value: string) => graph.node('Cast', [value], { to: DataType.FLOAT });
  const [last, middle] = [graph.int64s([2]), graph.int64s([1])];
  const inPassage = float(graph.node('Mul', ['token_type_ids', 'attention_mask']));
  const inQuestion = graph.node('Sub', [float('attention_mask'), inPassage]);
  const column = (value: string) => graph.node('Unsqueeze', [value, last]);
  const row = (value: string) => graph.node('Unsqueeze', [value, middle]);
  const same = float(graph.node('Equal', [column('input_ids'), row('input_ids')]));
  const pairs = graph.node('Mul', [graph.node('Mul', [same, column(inQuestion)]), row(inPassage)]);
  const sum = graph.node('ReduceSum', [pairs, graph.int64s([1, 2])], { keepdims: 0 });
  const score = graph.node('Sub', [graph.node('Unsqueeze', [sum, middle]), graph.float(1)]);
  graph.node('Concat', Array(labels).fill(score), { axis: 1 }, 'logits');
  return graph.model();
}
