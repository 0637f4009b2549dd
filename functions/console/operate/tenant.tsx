/** A tenant's limits, and what it uses of them: for operators. */
import { useEffect, useState } from 'preact/hooks';
import type { TenantView } from '../../../shared/api/views/tenant.ts';
import type { Failure } from '../failure.ts';
import { formatBytes, formatNumber } from '../format.ts';
import { Problem } from '../parts/controls.tsx';
import { failed, opened } from '../session.ts';
import { texts } from '../texts.ts';

const say = texts.operate.tenant;
type Kind = keyof TenantView['limits'];
const KINDS = Object.keys(say.kinds) as Kind[];

export function Tenant() {
  const { http, caller } = opened();
  const [name, setName] = useState(caller.tenant);
  const [shown, setShown] = useState<TenantView>();
  const [failure, setFailure] = useState<Failure>();
  const attempt = async (method: 'GET' | 'PUT', tenant: string, own?: TenantView['own']) => {
    const path = `/v1/tenants/${encodeURIComponent(tenant)}`;
    setFailure(undefined);
    try {
      const change = own === undefined ? path : `${path}/limits`;
      setShown(await http.json<TenantView>(method, change, own === undefined ? {} : { body: own }));
    } catch (error) {
      setFailure(failed(error));
    }
  };
  useEffect(() => void attempt('GET', name), []);
  return (
    <section class="card tenant">
      <h2>{say.title}</h2>
      <p class="quiet">{say.lead}</p>
      <form
        class="tenant-choice"
        onSubmit={(event) => {
          event.preventDefault();
          void attempt('GET', name.trim());
        }}
      >
        <label class="field">
          <span>{say.name}</span>
          <input
            value={name}
            required
            maxLength={63}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button">
          {say.show}
        </button>
      </form>
      {failure !== undefined && <Problem failure={failure} />}
      {shown !== undefined && (
        <LimitTable
          key={JSON.stringify(shown)}
          view={shown}
          onSet={(own) => void attempt('PUT', shown.tenant, own)}
        />
      )}
    </section>
  );
}

function LimitTable({ view, onSet }: { view: TenantView; onSet: (own: TenantView['own']) => void }) {
  const [own, setOwn] = useState(view.own);
  const change = (kind: Kind, typed: string) => {
    const { [kind]: _, ...others } = own;
    setOwn(typed === '' ? others : { ...others, [kind]: Number(typed) });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSet(own);
      }}
    >
      <section class="scroll" tabIndex={0} aria-label={say.of(view.tenant)}>
        <table>
          <caption>{say.of(view.tenant)}</caption>
          <thead>
            <tr>
              <th scope="col">{say.columns.what}</th>
              <th scope="col">{say.columns.used}</th>
              <th scope="col">{say.columns.limit}</th>
              <th scope="col">{say.columns.own}</th>
            </tr>
          </thead>
          <tbody>
            {KINDS.map((kind) => (
              <tr key={kind} data-kind={kind}>
                <th scope="row">{say.kinds[kind]}</th>
                <td>{usedOf(view, kind)}</td>
                <td>{amount(kind, view.limits[kind])}</td>
                <td>
                  <input
                    type="number"
                    min={kind === 'requests_per_minute' ? 1 : 0}
                    aria-label={say.ownOf(say.kinds[kind])}
                    placeholder={say.asOthers}
                    value={own[kind] ?? ''}
                    onInput={(event) => change(kind, event.currentTarget.value)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <button type="submit" class="button primary">
        {say.set}
      </button>
    </form>
  );
}

function usedOf({ used }: TenantView, kind: Kind): string {
  return kind === 'requests_per_minute' ? '' : amount(kind, used[kind]);
}

function amount(kind: Kind, value: number | null): string {
  if (value === null) return say.unlimited;
  return kind === 'bytes' ? formatBytes(value) : formatNumber(value);
}
