/** What has been answered: lines of JSON, written as they come, so that a run that was stopped goes on. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { z } from 'zod';
import { BlockragError } from '../../shared/errors.ts';
import type { Judgement } from './metrics.ts';

/** One question answered under one condition. */
export interface Result extends Judgement {
  set: string;
  id: string;
  /** Model or adapter, attention, compute type, dtype of the blobs: see `conditionName`. */
  condition: string;
  output: string;
  /** Tokens of the prompt: laid from stored blobs, computed, and of the final block. */
  reused: number;
  encoded: number;
  final: number;
}

const resultSchema: z.ZodType<Result> = z.object({
  set: z.string(),
  id: z.string(),
  condition: z.string(),
  output: z.string(),
  contained: z.boolean(),
  exact: z.boolean(),
  f1: z.number(),
  reused: z.number(),
  encoded: z.number(),
  final: z.number(),
});
/** How a line begins: `add` writes fields in the schema's order. */
const OPENING = '{"set":';

/** Reads results. A line that a killed run left unfinished does not count. @throws BlockragError `invalid_option` */
export function readResults(file: string): Result[] {
  return parseResults(file, readFileSync(file, 'utf8'));
}

function parseResults(file: string, text: string): Result[] {
  const lines = text.split('\n');
  const unfinished = lines.pop()!;
  try {
    if (!unfinished.startsWith(OPENING.slice(0, unfinished.length))) throw new SyntaxError(unfinished);
    return lines.map((line) => resultSchema.parse(JSON.parse(line)));
  } catch (cause) {
    throw new BlockragError('invalid_option', `${file} is no file of results.`, { cause });
  }
}

/** The results of a run, and of those before it with the same file. */
export class ResultsFile {
  readonly results: Result[] = [];
  #file: string | undefined;
  #done = new Set<string>();

  /** @param file undefined: results are kept in memory only. @throws BlockragError `invalid_option` */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    const bytes = readFileSync(file);
    // Read before anything is cut off: the file may be another one, named by mistake.
    for (const result of parseResults(file, bytes.toString('utf8'))) this.#keep(result);
    truncateSync(file, bytes.lastIndexOf('\n') + 1);
  }

  has(question: Pick<Result, 'set' | 'id' | 'condition'>): boolean {
    return this.#done.has(keyOf(question));
  }

  add(result: Result): void {
    const line = JSON.stringify(resultSchema.parse(result));
    if (this.#file !== undefined) appendFileSync(this.#file, `${line}\n`);
    this.#keep(result);
  }

  #keep(result: Result): void {
    this.#done.add(keyOf(result));
    this.results.push(result);
  }
}

const keyOf = ({ set, id, condition }: Pick<Result, 'set' | 'id' | 'condition'>) =>
  JSON.stringify([condition, set, id]);
