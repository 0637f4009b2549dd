/** blockrag logits: next-token log-probabilities of prompts given as token ids, for comparing engines. */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { PromptBlock } from '../../../shared/attention/answer.ts';
import { Engine } from '../../../shared/attention/engine.ts';
import type { AttentionMode } from '../../../shared/attention/modes.ts';
import { GREEDY, logSoftmax, topIds } from '../../../shared/attention/sampling.ts';
import { BlockragError } from '../../../shared/errors.ts';
import type { KvDtype } from '../../../shared/kv/dtypes.ts';
import { blobKey } from '../../../shared/kv/key.ts';
import { toConfig } from '../config.ts';
import type { CommonOptions } from '../options.ts';
import { preparedModel } from '../prepared-model.ts';
import { print, printJson } from '../terminal.ts';

export interface LogitsOptions extends CommonOptions {
  blocks: string;
  attention: AttentionMode;
}

const GREEDY_TOKENS = 16;
const TOP = 10;

const blocksSchema = z.object({
  cases: z.array(
    z.object({
      blocks: z
        .array(z.array(z.number().int().nonnegative()))
        .refine(
          (blocks) => (blocks.at(-1)?.length ?? 0) > 0,
          'the last block, the final one, must not be empty',
        ),
    }),
  ),
});

interface LogitsCase {
  top10: [id: number, logprob: number][];
  greedy16: number[];
}

/**
 * Every block but the last is encoded, stored as a blob of the dtype asked for and re-encoded, as in serving.
 * Needs no tokenizer.
 */
export async function logits(options: LogitsOptions, signal: AbortSignal): Promise<number> {
  const json = options.json === true;
  const config = toConfig(options);
  const { cases } = await readCases(options.blocks);
  const model = await preparedModel(config, { quiet: json, signal, requireText: false });
  const { vocabulary } = model.manifest.architecture;
  if (cases.some(({ blocks }) => blocks.flat().some((id) => id >= vocabulary))) {
    throw new BlockragError('invalid_option', `Token ids of this model are below ${vocabulary}.`);
  }
  const engine = new Engine({
    directory: model.directory,
    threads: config.threads,
    contextBytes: config.contextBytes,
  });
  try {
    const results: LogitsCase[] = [];
    for (const { blocks } of cases) {
      const tokens = blocks.map((ids) => Uint32Array.from(ids));
      results.push(await runCase(engine, tokens, options.attention, config.kv ?? 'int8', signal));
    }
    if (json) printJson({ cases: results });
    else {
      for (const { top10, greedy16 } of results) {
        print(
          `${top10.map(([id, logprob]) => `${id}:${logprob.toFixed(4)}`).join(' ')} | ${greedy16.join(' ')}`,
        );
      }
    }
  } finally {
    await engine.dispose();
  }
  return 0;
}

async function runCase(
  engine: Engine,
  tokens: Uint32Array[],
  attention: AttentionMode,
  dtype: KvDtype,
  signal: AbortSignal,
): Promise<LogitsCase> {
  // Nothing is kept beyond the run: the keys only have to tell the blocks apart.
  const identity = { weightsHash: '', tokenizerHash: '', ropeHash: '', anchor: undefined, dtype, tenant: '' };
  const blocks = tokens.slice(0, -1).map((block): PromptBlock => {
    return { tokens: block, key: blobKey({ ...identity, tokens: block }), object: undefined };
  });
  const greedy16: number[] = [];
  const result = await engine.answer(
    {
      attention,
      blocks,
      finalBlock: tokens.at(-1)!,
      dtype,
      sampling: GREEDY,
      maxTokens: GREEDY_TOKENS,
      end: [],
      firstLogits: true,
    },
    {
      signal,
      onEvent: (event) => {
        if (event.kind === 'token') greedy16.push(event.id);
      },
    },
  );
  const logprobs = logSoftmax(result.firstLogits!);
  return { top10: topIds(logprobs, TOP).map((id) => [id, logprobs[id]!]), greedy16 };
}

async function readCases(file: string): Promise<z.infer<typeof blocksSchema>> {
  try {
    return blocksSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const message = `${file} is not a JSON file of the form {"cases":[{"blocks":[[ids]]}]}.`;
    throw new BlockragError('invalid_option', message, { cause });
  }
}
