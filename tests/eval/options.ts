/** The harness's command line. */

import { parseArgs } from 'node:util';
import { ATTENTION_MODES, type AttentionMode } from '../../shared/attention/modes.ts';
import type { Config } from '../../shared/config.ts';
import { BlockragError } from '../../shared/errors.ts';
import { DEFAULT_MODEL } from '../../shared/model/sources/index.ts';
import { DEFAULT_TOP_K } from '../../shared/pipeline/defaults.ts';
import { testConfig } from '../support/settings.ts';
import { parseAblation } from './ablation.ts';
import type { Mode } from './answering.ts';
import { type Shard, setFile } from './records.ts';

export const USAGE = `npm run eval -- [options]
  --sets a,b           question sets of the shared folder (default: nq-litm20,triviaqa,hotpotqa,2wiki)
  --file FILE          questions of this .jsonl or .jsonl.gz instead; may be repeated
  --attention a,b      full, block, anchor (default: full,block; with --retrieval: none)
  --ablation a,b       local-positions, recompute-first-K; also answered, with block attention
  --limit N            the first N questions of each set
  --shard I/N          the I-th of N shards
  --out FILE           appends results to this .jsonl; what it holds already is not done again
  --model, --adapter FILE, --no-adapter, --embedder, --reranker, --compute, --kv
                       as the product's command line takes them
  --retrieval          recall over the pooled passages; with --attention, answers from what was retrieved too
  --top-k K            passages retrieved for an answer (default: ${DEFAULT_TOP_K})
  --report FILE        only report on results; may be repeated
  --json               the report as JSON`;

const DEFAULT_SETS = 'nq-litm20,triviaqa,hotpotqa,2wiki';

/** Which adapter: options of every command here that runs the model. */
export const ADAPTER_OPTIONS = { adapter: { type: 'string' }, 'no-adapter': { type: 'boolean' } } as const;

/** The adapter that they name, as `Config` has it. */
export function adapterOf(values: {
  adapter?: string | undefined;
  'no-adapter'?: boolean | undefined;
}): string | undefined {
  return values['no-adapter'] ? 'none' : values.adapter;
}

export interface EvalOptions {
  /** Files of questions. */
  files: string[];
  /** Ways of answering, by name. */
  modes: Map<string, Mode>;
  limit: number;
  shard: Shard;
  out: string | undefined;
  model: string;
  config: Config;
  retrieval: boolean;
  topK: number;
  /** Files of results to report on, instead of answering. */
  report: string[];
  json: boolean;
  help: boolean;
}

/** Reads the arguments. @throws BlockragError `invalid_option` */
export function readOptions(args: readonly string[]): EvalOptions {
  const values = parse(args);
  const retrieval = values.retrieval === true;
  const report = values.report ?? [];
  const help = values.help === true;
  const asked = !help && report.length === 0;
  const files = values.file ?? (asked ? list(values.sets ?? DEFAULT_SETS).map(setFile) : []);
  const { model, embedder, reranker, compute, kv } = values;
  const adapter = adapterOf(values);
  const config = testConfig({ model, adapter, embedder, reranker, compute, kv });
  return {
    files,
    modes: readModes(list(values.attention ?? (retrieval ? '' : 'full,block')), list(values.ablation ?? '')),
    limit: values.limit === undefined ? Number.POSITIVE_INFINITY : positive('limit', values.limit),
    shard: readShard(values.shard ?? '1/1'),
    out: values.out,
    model: config.model ?? DEFAULT_MODEL,
    config,
    retrieval,
    topK: values['top-k'] === undefined ? DEFAULT_TOP_K : positive('top-k', values['top-k']),
    report,
    json: values.json === true,
    help,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const many = { type: 'string', multiple: true } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ sets: text, file: many, attention: text, ablation: text, limit: text, shard: text, out: text },
        ...ADAPTER_OPTIONS,
        ...{ model: text, embedder: text, reranker: text, compute: text, kv: text },
        ...{ retrieval: flag, 'top-k': text, report: many, json: flag, help: flag },
      },
    }).values;
  } catch (cause) {
    throw new BlockragError('invalid_option', `${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

const list = (text: string) => text.split(',').flatMap((item) => item.trim() || []);

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new BlockragError('invalid_option', `--${name} is a whole number of at least 1, not ${text}.`);
}

function readShard(text: string): Shard {
  const [index, of] = text.split('/').map((part) => positive('shard', part));
  if (index === undefined || of === undefined || index > of) {
    throw new BlockragError('invalid_option', `--shard is I/N, with I from 1 to N, not ${text}.`);
  }
  return { index, of };
}

function readModes(attentions: readonly string[], ablations: readonly string[]): Map<string, Mode> {
  const modes = new Map<string, Mode>();
  for (const name of attentions) {
    if (!(ATTENTION_MODES as readonly string[]).includes(name)) {
      throw new BlockragError('invalid_option', `--attention knows ${ATTENTION_MODES.join()}, not ${name}.`);
    }
    modes.set(name, { attention: name as AttentionMode });
  }
  for (const name of ablations) {
    const ablation = parseAblation(name);
    if (ablation === undefined) {
      const known = 'local-positions and recompute-first-K';
      throw new BlockragError('invalid_option', `--ablation knows ${known}, not ${name}.`);
    }
    modes.set(name, { ablation });
  }
  return modes;
}
