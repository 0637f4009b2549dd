/** Options that every command takes; how they become settings: config.ts. Loaded for --help too, so it imports little. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { ATTENTION_CHOICES, ATTENTION_MODES, type AttentionMode } from '../../shared/attention/modes.ts';
import { KV_DTYPES } from '../../shared/kv/dtypes.ts';
import { COMPUTE_TYPES, DEFAULT_COMPUTE } from '../../shared/model/compute.ts';

export interface CommonOptions {
  data?: string;
  stores?: string;
  model?: string;
  /** false: --no-adapter */
  adapter?: string | false;
  embedder?: string;
  reranker?: string;
  compute?: string;
  kv?: string;
  passageTokens?: string;
  ocr?: boolean;
  /** false: --no-speculation */
  speculation?: boolean;
  json?: boolean;
}

/** Adds the options that every command with a model has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'data directory (default: ./.blockrag, or $BLOCKRAG_DATA)')
    .option('--stores <url>', 'stores that several servers share: s3://BUCKET?table=TABLE')
    .option(
      '--model <ref>',
      'model name, path of a .gguf file or model directory, hf:OWNER/REPO, or hf:OWNER/REPO/FILE.gguf',
    )
    .option('--adapter <file>', "adapter.safetensors to use (default: the model's own, where one is shipped)")
    .option('--no-adapter', 'without an adapter')
    .option('--embedder <ref>', 'embedding model: a name, path of a model.onnx, or hf:OWNER/REPO')
    .option('--reranker <ref>', 'reranker, a cross-encoder: path of a model.onnx, hf:OWNER/REPO, or none')
    .addOption(
      new Option('--compute <type>', `compute type (default: ${DEFAULT_COMPUTE})`).choices(COMPUTE_TYPES),
    )
    .addOption(
      new Option('--kv <dtype>', 'dtype of stored keys and values (default: int8)').choices(KV_DTYPES),
    )
    .option('--passage-tokens <n>', 'tokens of a passage at most (default: 256)')
    .option('--ocr', 'recognise the text of PDF pages that are pictures (languages: $BLOCKRAG_OCR_LANGUAGES)')
    .option('--no-speculation', 'one token at a time, without drafts of those after it')
    .option('--json', 'print JSON');
}

/** @param auto whether it may be chosen by what block attention costs the model */
export const attentionOption = ({ auto }: { auto: boolean }) =>
  new Option(
    '--attention <mode>',
    `block: reuse stored keys and values; full: read everything anew; anchor${auto ? '; auto: full for a model that block attention costs too much, else block' : ''}`,
  )
    .choices(auto ? ATTENTION_CHOICES : ATTENTION_MODES)
    .default('block' satisfies AttentionMode);

/** Parser of a whole number for commander. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${min}.`);
    }
    return value;
  };
}
