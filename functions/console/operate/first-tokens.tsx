/** The time to the first token: how many questions took how long, with block and with full attention. */
import { formatMs } from '../format.ts';
import { texts } from '../texts.ts';
import { type Histogram, histogramOf, medianOf, type Sample } from './metrics.ts';

const say = texts.operate;
const MODES = ['block', 'full', 'anchor'] as const;

export function FirstTokens({ samples }: { samples: readonly Sample[] }) {
  const all = MODES.map((mode) => ({
    mode,
    histogram: histogramOf(samples, 'blockrag_first_token_seconds', { attention: mode }),
  })).filter(({ histogram }) => histogram.count > 0);
  // Only the times that something took.
  const used = all.flatMap(({ histogram }) =>
    histogram.buckets.flatMap(({ count }, i) => (count > 0 ? [i] : [])),
  );
  const from = Math.max(0, Math.min(...used) - 1);
  const to = Math.max(...used) + 2;
  return (
    <section class="card histogram-card">
      <h2>{say.firstToken}</h2>
      <p class="quiet">{all.length === 0 ? say.noReads : say.firstTokenLead}</p>
      {all.map(({ mode, histogram }) => (
        <Bars
          key={mode}
          label={modeLabel(mode)}
          mode={mode}
          histogram={{ ...histogram, buckets: histogram.buckets.slice(from, to) }}
          median={medianOf(histogram)}
        />
      ))}
    </section>
  );
}

const modeLabel = (mode: (typeof MODES)[number]) => (mode === 'anchor' ? 'Anchor' : texts.race.lanes[mode]);
const endOf = (seconds: number, before: number) =>
  Number.isFinite(seconds) ? say.upTo(formatMs(seconds * 1000)) : say.over(formatMs(before * 1000));

interface BarsProps {
  label: string;
  mode: string;
  histogram: Histogram;
  /** Seconds. */
  median: number | undefined;
}

function Bars({ label, mode, histogram: { buckets, count }, median }: BarsProps) {
  const highest = Math.max(...buckets.map((bucket) => bucket.count));
  const middle =
    median !== undefined && Number.isFinite(median) ? `, ${say.median(formatMs(median * 1000))}` : '';
  return (
    <figure class="histogram">
      <figcaption>
        {label}: {say.questions(count)}
        {middle}
      </figcaption>
      <ul class={mode}>
        {buckets.map((bucket, i) => {
          const end = endOf(bucket.upTo, buckets[i - 1]?.upTo ?? 0);
          return (
            <li key={bucket.upTo} title={`${end}: ${say.questions(bucket.count)}`}>
              <span class="bar" style={{ height: `${(bucket.count / highest) * 100}%` }} />
              <span class="bar-end" aria-hidden="true">
                {Number.isFinite(bucket.upTo) ? formatMs(bucket.upTo * 1000) : '∞'}
              </span>
              <span class="hidden">
                {end}: {say.questions(bucket.count)}
              </span>
            </li>
          );
        })}
      </ul>
    </figure>
  );
}
