/** Operate: what the server is, what it holds, and how it is doing. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { StatsView, SystemView, WorkView } from '../../../shared/client/index.ts';
import type { Failure } from '../failure.ts';
import { formatBytes, formatDate, formatNumber, formatPercent } from '../format.ts';
import { IconButton, Loading, Problem } from '../parts/controls.tsx';
import { failed, opened } from '../session.ts';
import { texts } from '../texts.ts';
import { FirstTokens } from './first-tokens.tsx';
import { Keys } from './keys.tsx';
import { byLabel, parseMetrics, type Sample } from './metrics.ts';
import { Tenant } from './tenant.tsx';

const say = texts.operate;
/** What is cheap is asked for so often. Counting what is stored is not: it is done when the page is opened. */
const EVERY_MS = 5_000;

interface Figures {
  work: WorkView;
  samples: Sample[];
}

export function OperatePage() {
  const { client, http, caller } = opened();
  const [system, setSystem] = useState<SystemView>();
  const [stats, setStats] = useState<StatsView>();
  const [figures, setFigures] = useState<Figures>();
  const [asOf, setAsOf] = useState<number>();
  const [failure, setFailure] = useState<Failure>();
  const load = async () => {
    setFailure(undefined);
    try {
      setSystem(await client.system());
      setStats(await client.stats());
      setAsOf(Date.now());
    } catch (error) {
      setFailure(failed(error));
    }
  };
  useEffect(() => {
    let left = false;
    const look = async () => {
      try {
        const [work, metrics] = await Promise.all([client.work(), http.send('GET', '/metrics')]);
        const samples = parseMetrics(await metrics.text());
        if (!left) setFigures({ work, samples });
      } catch (error) {
        if (!left) setFailure(failed(error));
      }
    };
    void load();
    if (!caller.operator) return;
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, []);
  return (
    <div class="page">
      <div class="page-main operate">
        <div class="ask-head">
          <h1>{say.title}</h1>
          {asOf !== undefined && <span class="quiet">{say.updated(formatDate(asOf))}</span>}
          <IconButton icon="replace" label={say.refresh} onClick={() => void load()} />
        </div>
        {failure !== undefined && <Problem failure={failure} onRetry={() => void load()} />}
        {system === undefined && failure === undefined && <Loading />}
        <div class="cards">
          {system !== undefined && <Model system={system} />}
          {stats !== undefined && <Stored stats={stats} />}
          {figures !== undefined && <Work work={figures.work} />}
          {figures !== undefined && <Reads samples={figures.samples} />}
        </div>
        {figures !== undefined && <FirstTokens samples={figures.samples} />}
        {!caller.operator && <p class="note">{say.operatorsOnly}</p>}
        {caller.scopes.includes('admin') && <Keys />}
        {caller.operator && <Tenant />}
      </div>
    </div>
  );
}

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts-list">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Model({ system }: { system: SystemView }) {
  const { model, model_reference, adapter, embedder, reranker, compute, kv, passage_tokens, version } =
    system;
  const names = say.facts;
  const reference: [string, string][] = model_reference === model ? [] : [[names.reference, model_reference]];
  return (
    <Card title={say.model}>
      <Facts
        facts={[
          [names.model, model],
          ...reference,
          [
            names.adapter,
            adapter === null ? names.noAdapter : `${adapter.name} (${adapter.sha256.slice(0, 8)})`,
          ],
          [names.embedder, embedder],
          [names.reranker, reranker],
          [names.compute, compute],
          [names.kv, kv],
          [names.passage, texts.viewer.tokens(passage_tokens)],
          [names.version, version],
        ]}
      />
    </Card>
  );
}

function Stored({ stats }: { stats: StatsView }) {
  const { documents, ready, passages, tokens, blob_bytes } = stats;
  const perToken = tokens === 0 ? '' : `, ${say.perToken(formatBytes(blob_bytes / tokens))}`;
  return (
    <Card title={say.stored}>
      <Facts
        facts={[
          [say.documents, say.readyOf(ready, documents)],
          [say.passages, formatNumber(passages)],
          [say.tokens, formatNumber(tokens)],
          [say.kvBytes, `${formatBytes(blob_bytes)}${perToken}`],
        ]}
      />
    </Card>
  );
}

function Work({ work: { waiting, leased, dead } }: { work: WorkView }) {
  return (
    <Card title={say.work}>
      <Facts
        facts={[
          [say.waiting, formatNumber(waiting)],
          [say.inHand, formatNumber(leased)],
          [say.dead, formatNumber(dead)],
        ]}
      />
    </Card>
  );
}

function Reads({ samples }: { samples: readonly Sample[] }) {
  const results = byLabel(samples, 'blockrag_blob_reads_total', 'result');
  const all = [...results.values()].reduce((sum, count) => sum + count, 0);
  const hits = results.get('hit') ?? 0;
  const tiers = [...byLabel(samples, 'blockrag_blob_read_bytes_total', 'tier')];
  const kinds = [...byLabel(samples, 'blockrag_tokens_total', 'kind')];
  return (
    <Card title={say.reads}>
      {all === 0 ? (
        <p class="quiet">{say.noReads}</p>
      ) : (
        <>
          <p class="figure">
            {formatPercent(hits / all)} <span class="quiet">{say.hits(hits, all)}</span>
          </p>
          <Facts
            facts={[
              ...tiers.map(([tier, bytes]): [string, string] => [
                say.tiers[tier] ?? tier,
                formatBytes(bytes),
              ]),
              ...kinds.map(([kind, count]): [string, string] => [
                `${say.tokens} ${say.tokenKinds[kind] ?? kind}`,
                formatNumber(count),
              ]),
            ]}
          />
        </>
      )}
    </Card>
  );
}
