/** Question sets: lines of JSON, gzipped or not (their form: docs/lab/accuracy.md). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { BlockragError } from '../../shared/errors.ts';
import { sharedFile } from '../support/shared.ts';

const recordSchema = z.object({
  id: z.string(),
  question: z.string().min(1),
  answers: z.array(z.string()).min(1),
  source: z.string().default(''),
  passages: z.array(z.object({ title: z.string(), text: z.string(), gold: z.boolean() })),
});

export type EvalRecord = z.infer<typeof recordSchema>;
export type EvalPassage = EvalRecord['passages'][number];

/** A record and the set that it belongs to. */
export interface EvalQuestion {
  set: string;
  record: EvalRecord;
}

/** One shard of n: questions are dealt out in turn. `index` counts from 1. */
export interface Shard {
  index: number;
  of: number;
}

/** A set's file in the shared folder: NAME.eval.jsonl.gz or NAME.jsonl.gz. @throws BlockragError `invalid_option` */
export function setFile(name: string): string {
  const file = sharedFile(`qa/${name}.eval.jsonl.gz`, `qa/${name}.jsonl.gz`);
  if (file === undefined) {
    throw new BlockragError('invalid_option', `There is no question set ${name}: set BLOCKRAG_SHARED.`);
  }
  return file;
}

/** The first `limit` questions of a file. @throws BlockragError `invalid_option` */
export function readSet(file: string, limit: number): EvalQuestion[] {
  const set = basename(file).replace(/(\.eval)?\.jsonl(\.gz)?$/, '');
  try {
    const bytes = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.slice(0, limit).map((line) => ({ set, record: recordSchema.parse(JSON.parse(line)) }));
  } catch (cause) {
    throw new BlockragError('invalid_option', `${file} is no file of questions.`, { cause });
  }
}

/** @throws BlockragError `invalid_option` where two questions of a set have one id: results are told apart by it */
export function requireDistinct(questions: readonly EvalQuestion[]): void {
  const seen = new Set<string>();
  for (const { set, record } of questions) {
    const key = JSON.stringify([set, record.id]);
    if (seen.has(key)) {
      throw new BlockragError('invalid_option', `Two questions of ${set} have the id ${record.id}.`);
    }
    seen.add(key);
  }
}

/** The questions of one shard: every question is in one of them. */
export function shardOf<T>(questions: readonly T[], { index, of }: Shard): T[] {
  return questions.filter((_, i) => i % of === index - 1);
}

/** The gold passages of a record and so many others, in an order that follows from the record alone. */
export function goldAndOthers({ id, passages }: EvalRecord, others: number): EvalPassage[] {
  const rank = ({ title, text }: EvalPassage) =>
    createHash('sha256').update(`${id}\n${title}\n${text}`).digest('hex');
  const ranked = passages
    .map((passage) => ({ passage, rank: rank(passage) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ passage }) => passage);
  const chosen = ranked.filter(({ gold }) => !gold).slice(0, others);
  return ranked.filter((passage) => passage.gold || chosen.includes(passage));
}
