/** Results as shares and paired comparisons, and these as Markdown. */
import type { Result } from './results.ts';
import { countPairs, type Difference, mcnemar, pairedDifference } from './statistics.ts';

/** Shares from 0 to 1. */
export interface Scores {
  questions: number;
  contained: number;
  exact: number;
  f1: number;
  /** Of the prompts' tokens, those laid from stored blobs. */
  reused: number;
}

export interface ConditionReport {
  condition: string;
  sets: Record<string, Scores>;
  /** Mean of the sets' shares. */
  average: Scores;
}

/** The second condition against the first, by the paper's metric, on the questions that both answered. */
export interface Comparison extends Difference {
  first: string;
  second: string;
  questions: number;
  onlyFirst: number;
  onlySecond: number;
  /** McNemar's exact test over all sets. */
  p: number;
  /** Second minus first, for each set. */
  sets: Record<string, number>;
}

export interface Report {
  conditions: ConditionReport[];
  comparisons: Comparison[];
}

/** Sums up results; a question that comes twice under a condition counts once. */
export function summarise(results: readonly Result[]): Report {
  const byCondition = new Map<string, Map<string, Result>>();
  for (const result of results) {
    const { condition, set, id } = result;
    if (!byCondition.has(condition)) byCondition.set(condition, new Map());
    byCondition.get(condition)!.set(JSON.stringify([set, id]), result);
  }
  const conditions = [...byCondition].map(([condition, found]): ConditionReport => {
    const sets = Object.fromEntries([...bySet([...found.values()])].map(([set, rows]) => [set, score(rows)]));
    return { condition, sets, average: average(Object.values(sets)) };
  });
  const names = [...byCondition.keys()];
  const comparisons = names.flatMap((first, i) =>
    names.slice(i + 1).flatMap((second) => {
      const comparison = compare(byCondition.get(first)!, byCondition.get(second)!);
      return comparison === undefined ? [] : [{ first, second, ...comparison }];
    }),
  );
  return { conditions, comparisons };
}

function bySet<T extends { set: string }>(rows: readonly T[]): Map<string, T[]> {
  const sets = new Map<string, T[]>();
  for (const row of rows) {
    const found = sets.get(row.set);
    if (found === undefined) sets.set(row.set, [row]);
    else found.push(row);
  }
  return sets;
}

function score(rows: readonly Result[]): Scores {
  const mean = (value: (row: Result) => number) =>
    rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
  const prompt = mean(({ reused, encoded, final }) => reused + encoded + final);
  return {
    questions: rows.length,
    contained: mean(({ contained }) => Number(contained)),
    exact: mean(({ exact }) => Number(exact)),
    f1: mean(({ f1 }) => f1),
    reused: mean(({ reused }) => reused) / prompt,
  };
}

function average(sets: readonly Scores[]): Scores {
  const mean = (value: (scores: Scores) => number) =>
    sets.reduce((sum, scores) => sum + value(scores), 0) / sets.length;
  return {
    questions: sets.reduce((sum, { questions }) => sum + questions, 0),
    contained: mean(({ contained }) => contained),
    exact: mean(({ exact }) => exact),
    f1: mean(({ f1 }) => f1),
    reused: mean(({ reused }) => reused),
  };
}

function compare(
  first: ReadonlyMap<string, Result>,
  second: ReadonlyMap<string, Result>,
): Omit<Comparison, 'first' | 'second'> | undefined {
  const both = [...first].flatMap(([key, a]) => {
    const b = second.get(key);
    return b === undefined ? [] : [{ set: a.set, pair: [a.contained, b.contained] as const }];
  });
  if (both.length === 0) return undefined;
  const pairs = both.map(({ pair }) => pair);
  const sets = [...bySet(both)].map(([set, rows]) => ({
    set,
    counts: countPairs(rows.map(({ pair }) => pair)),
  }));
  const all = countPairs(pairs);
  return {
    ...all,
    ...pairedDifference(sets.map(({ counts }) => counts)),
    p: mcnemar(all),
    sets: Object.fromEntries(
      sets.map(({ set, counts }) => [set, (counts.onlySecond - counts.onlyFirst) / counts.questions]),
    ),
  };
}

const percent = (share: number) => (100 * share).toFixed(1);
const signed = (share: number) => `${share < 0 ? '' : '+'}${percent(share)}`;

/** Two tables: shares in percent, differences in points. */
export function toMarkdown({ conditions, comparisons }: Report): string {
  const sets = [...new Set(conditions.flatMap(({ sets }) => Object.keys(sets)))];
  const rows = conditions.map(({ condition, sets: scores, average }) => [
    condition,
    ...sets.map((set) => {
      const found = scores[set];
      return found === undefined ? '' : `${percent(found.contained)} (n ${found.questions})`;
    }),
    percent(average.contained),
    percent(average.exact),
    percent(average.f1),
    percent(average.reused),
  ]);
  const head = ['condition', ...sets, 'average', 'exact', 'F1', 'tokens reused, %'];
  const tables = [table(head, rows)];
  if (comparisons.length > 0) {
    const differences = comparisons.map(({ first, second, difference, low, high, p, ...rest }) => [
      `${second} − ${first}`,
      ...sets.map((set) => (rest.sets[set] === undefined ? '' : signed(rest.sets[set]))),
      `${signed(difference)} [${signed(low)}, ${signed(high)}]`,
      `${rest.onlySecond} : ${rest.onlyFirst} of ${rest.questions}`,
      p < 1e-4 ? '< 0.0001' : p.toFixed(4),
    ]);
    tables.push(table(['difference', ...sets, 'average [95 %]', 'only one right', 'McNemar p'], differences));
  }
  return tables.join('\n\n');
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
