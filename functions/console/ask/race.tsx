/** The same question with block and with full attention, side by side. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../failure.ts';
import { formatMs } from '../format.ts';
import { Problem } from '../parts/controls.tsx';
import { failed } from '../session.ts';
import { texts } from '../texts.ts';
import { type LapProgress, race } from './asking.ts';
import type { Mode, Turn } from './conversation.ts';

const say = texts.race;
const MODES = ['block', 'full'] as const;
const WAITING: Record<Mode, LapProgress> = { block: { state: 'waiting' }, full: { state: 'waiting' } };
/** What a lane is at least as long as, in ms. */
const SHORTEST = 500;

export function RaceView({ conversation, turn }: { conversation: string; turn: Turn }) {
  const known = turn.race;
  const [laps, setLaps] = useState<Record<Mode, LapProgress>>(
    known === undefined
      ? WAITING
      : { block: { state: 'done', lap: known.block }, full: { state: 'done', lap: known.full } },
  );
  const [failure, setFailure] = useState<Failure>();
  const running = useRef<AbortController | undefined>(undefined);
  const start = () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setLaps(WAITING);
    setFailure(undefined);
    race(conversation, turn, controller.signal, (mode, progress) =>
      setLaps((now) => ({ ...now, [mode]: progress })),
    ).catch((error: unknown) => {
      if (!controller.signal.aborted) setFailure(failed(error));
    });
  };
  useEffect(() => {
    if (known === undefined) start();
    return () => running.current?.abort();
  }, []);
  const now = useClock(MODES.some((mode) => laps[mode].state === 'running'));
  const times = MODES.map((mode) => timeOf(laps[mode], now));
  const longest = Math.max(SHORTEST, ...times);
  const { block, full } = laps;
  const over = block.state === 'done' && full.state === 'done';
  return (
    <section class="race" aria-label={say.title}>
      <h3>{say.title}</h3>
      <p class="quiet">{say.lead}</p>
      <div class="lanes">
        {MODES.map((mode, i) => (
          <Lane key={mode} mode={mode} progress={laps[mode]} ms={times[i]!} share={times[i]! / longest} />
        ))}
      </div>
      {failure !== undefined && <Problem failure={failure} />}
      <p class="verdict" role="status">
        {over && verdict(full.lap.firstToken / block.lap.firstToken)}
      </p>
      {(over || failure !== undefined) && (
        <button type="button" class="plain" onClick={start}>
          {say.again}
        </button>
      )}
    </section>
  );
}

interface LaneProps {
  mode: Mode;
  progress: LapProgress;
  /** Milliseconds to the first token, or so far. */
  ms: number;
  /** Of the longest lane. */
  share: number;
}

function Lane({ mode, progress, ms, share }: LaneProps) {
  const { state } = progress;
  const text = state === 'waiting' ? '' : state === 'running' ? progress.text : progress.lap.answer;
  return (
    <div class={`lane ${mode} ${state}`}>
      <p class="lane-head">
        <span>{say.lanes[mode]}</span>
        <strong>{state === 'waiting' ? say.waits : formatMs(ms)}</strong>
      </p>
      <div class="lane-track">
        <div style={{ width: `${share * 100}%` }} />
      </div>
      <p class="quiet">
        {state === 'done' &&
          say.tokens(
            progress.lap.usage.reused_tokens,
            progress.lap.usage.encoded_tokens + progress.lap.usage.final_tokens,
          )}
      </p>
      <p class="lane-text">{text}</p>
    </div>
  );
}

/** Milliseconds to the first token, or so far. */
function timeOf(progress: LapProgress, now: number): number {
  if (progress.state === 'waiting') return 0;
  return progress.state === 'done'
    ? progress.lap.firstToken
    : (progress.first ?? Math.max(0, now - progress.since));
}

function verdict(factor: number): string {
  return factor > 1.05 ? say.times(factor.toFixed(1)) : say.faster;
}

/** The time, again for every frame while it is asked for. */
function useClock(runs: boolean): number {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    if (!runs) return;
    let frame = requestAnimationFrame(function tick() {
      setNow(performance.now());
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [runs]);
  return now;
}
