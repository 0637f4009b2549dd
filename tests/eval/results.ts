/** What has been answered: lines of JSON, written as they come, so that a run that was stopped goes on. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
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

/** Reads results. A line that a killed run left unfinished does not count. @throws BlockragError `invalid_option` */
export function readResults(file: string): Result[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  try {
    return lines.map((line) => JSON.parse(line) as Result);
  } catch (cause) {
    throw new BlockragError('invalid_option', `${file} is no file of results.`, { cause });
  }
}

/** The results of a run, and of those before it with the same file. */
export class ResultsFile {
  readonly results: Result[] = [];
  #file: string | undefined;
  #done = new Set<string>();

  /** @param file undefined: results are kept in memory only */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    const bytes = readFileSync(file);
    truncateSync(file, bytes.lastIndexOf('\n') + 1);
    for (const result of readResults(file)) this.#keep(result);
  }

  has(question: Pick<Result, 'set' | 'id' | 'condition'>): boolean {
    return this.#done.has(keyOf(question));
  }

  add(result: Result): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
    this.#keep(result);
  }

  #keep(result: Result): void {
    this.#done.add(keyOf(result));
    this.results.push(result);
  }
}

const keyOf = ({ set, id, condition }: Pick<Result, 'set' | 'id' | 'condition'>) =>
  JSON.stringify([condition, set, id]);
