/** What a run tells. */
import type { Held, LeftOver, Violation } from './checks.ts';

export interface RoundReport {
  round: number;
  world: string;
  /** By part of the round, in all. */
  seconds: Record<string, number>;
  faults: string[];
  acknowledged: number;
  counts: Record<string, number>;
  violations: Violation[];
}

export interface WorldReport {
  kind: string;
  start: LeftOver;
  /** After everything was deleted. */
  end: LeftOver;
  /** What the first server held at the end of each round. */
  held: Held[];
  violations: Violation[];
}

export interface RunReport {
  seed: number;
  rounds: RoundReport[];
  worlds: WorldReport[];
  counts: Record<string, number>;
  acknowledged: number;
}

/** All violations, with how to see each again. */
export function violationsOf({ seed, rounds, worlds }: RunReport): (Violation & { again: string })[] {
  const again = (round: number) => {
    return `npm run chaos -- --seed ${seed} --round ${round} (alone), or --rounds ${round} (with those before)`;
  };
  return [
    ...rounds.flatMap(({ round, violations }) => violations.map((one) => ({ ...one, again: again(round) }))),
    ...worlds.flatMap(({ violations }) => {
      const all = `npm run chaos -- --seed ${seed} --rounds ${rounds.length}`;
      return violations.map((one) => ({ ...one, again: all }));
    }),
  ];
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

export function lineOf({
  round,
  world,
  seconds,
  faults,
  acknowledged,
  counts,
  violations,
}: RoundReport): string {
  const found = `${acknowledged} acknowledged, ${counts.found ?? 0} found`;
  const spent = Object.entries(seconds).map(([phase, time]) => `${phase} ${time} s`);
  const wrong = violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`;
  return `round ${round} (${world}, ${spent.join(', ')}): ${faults.join('; ') || 'none'}; ${found}: ${wrong}`;
}

/** For a person to read. */
export function textOfReport(report: RunReport): string {
  const { seed, rounds, worlds, counts, acknowledged } = report;
  const violations = violationsOf(report);
  const many = (kind: string) => violations.filter((one) => one.kind === kind).length;
  const lines = [
    `seed ${seed}: ${rounds.length} rounds, ${counts.faults ?? 0} faults, ${counts.kills ?? 0} kills`,
    `${acknowledged} operations acknowledged, ${counts.found ?? 0} documents found, ${counts['answers compared'] ?? 0} answers compared`,
    `${many('lost')} lost, ${many('foreign')} foreign, ${violations.length} violations in all`,
    ...worlds.map(({ kind, start, end, held }) => {
      const [first, last] = [held[0], held.at(-1)];
      const memory = `memory ${mb(first?.rss ?? 0)} in the first round, ${mb(last?.rss ?? 0)} in the last`;
      return `${kind}: ${memory}; disk ${mb(start.bytes)} at the start, ${mb(end.bytes)} with all deleted`;
    }),
    ...Object.keys(counts)
      .sort()
      .map((what) => `  ${what}: ${counts[what]}`),
    ...violations.map(({ kind, what, again }) => `VIOLATION ${kind}: ${what}\n  again: ${again}`),
  ];
  return `${lines.join('\n')}\n`;
}
