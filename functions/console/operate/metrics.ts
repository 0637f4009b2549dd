/** Figures of the server, read from Prometheus' text format. */

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="([^"]*)"/g;

export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key, content]) => [key!, content!] as const);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** The values of one metric by one of its labels. */
export function byLabel(samples: readonly Sample[], name: string, label: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { name: other, labels, value } of samples) {
    const key = labels[label];
    if (other === name && key !== undefined) found.set(key, (found.get(key) ?? 0) + value);
  }
  return found;
}

export interface Histogram {
  /** Upper ends in seconds, the last one endless, with how many were in each bucket alone. */
  buckets: { upTo: number; count: number }[];
  count: number;
}

/** A histogram of those samples that have the labels. */
export function histogramOf(
  samples: readonly Sample[],
  name: string,
  wanted: Readonly<Record<string, string>>,
): Histogram {
  const matching = samples.filter(
    ({ name: other, labels }) =>
      other === `${name}_bucket` && Object.entries(wanted).every(([key, value]) => labels[key] === value),
  );
  const ends = matching.map(({ labels, value }) => ({
    upTo: labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le),
    total: value,
  }));
  ends.sort((a, b) => a.upTo - b.upTo);
  const buckets = ends.map(({ upTo, total }, i) => ({ upTo, count: total - (ends[i - 1]?.total ?? 0) }));
  return { buckets, count: ends.at(-1)?.total ?? 0 };
}

/** The end of the bucket that the middle is in, in seconds; undefined where nothing was counted. */
export function medianOf({ buckets, count }: Histogram): number | undefined {
  let sum = 0;
  return buckets.find((bucket) => {
    sum += bucket.count;
    return count > 0 && sum >= count / 2;
  })?.upTo;
}
