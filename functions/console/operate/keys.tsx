/** API keys: made, shown once, revoked. */
import { useEffect, useState } from 'preact/hooks';
import type { Scope } from '../../../shared/access/keys.ts';
import type { KeyView } from '../../../shared/api/views/key.ts';
import type { Failure } from '../failure.ts';
import { formatDate } from '../format.ts';
import { CopyButton, Problem } from '../parts/controls.tsx';
import { confirmed, Dialog } from '../parts/dialog.tsx';
import { failed, opened, signIn } from '../session.ts';
import { texts } from '../texts.ts';

const say = texts.operate;
const SCOPES: readonly Scope[] = ['read', 'write', 'admin'];

type MadeKey = KeyView & { key: string };

export function Keys() {
  const { http, caller } = opened();
  const [keys, setKeys] = useState<KeyView[]>([]);
  const [made, setMade] = useState<MadeKey>();
  const [failure, setFailure] = useState<Failure>();
  const attempt = async (work: () => Promise<void>) => {
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(failed(error));
    }
  };
  const load = async () => {
    setKeys((await http.json<{ keys: KeyView[] }>('GET', '/v1/keys')).keys);
  };
  useEffect(() => void attempt(load), []);
  const make = (body: object) =>
    attempt(async () => setMade(await http.json<MadeKey>('POST', '/v1/keys', { body })));
  const revoke = (key: KeyView) =>
    attempt(async () => {
      const asked = { title: say.revokeTitle(key.name), text: say.revokeText, action: say.revoke };
      if (!(await confirmed(asked))) return;
      await http.json('DELETE', `/v1/keys/${encodeURIComponent(key.id)}`);
      await load();
    });
  const seen = async () => {
    const { key } = made!;
    setMade(undefined);
    // The first key ends the time in which none was needed.
    if (caller.key === null) await signIn(key, false);
    else await attempt(load);
  };
  return (
    <section class="card keys">
      <h2>{say.keys}</h2>
      <p class="quiet">{say.keysLead}</p>
      {failure !== undefined && <Problem failure={failure} />}
      {keys.length === 0 ? <p class="quiet">{say.noKeys}</p> : <KeyTable keys={keys} onRevoke={revoke} />}
      {caller.key === null && <p class="note">{say.firstKey}</p>}
      <NewKey onMake={make} />
      {made !== undefined && (
        <Dialog title={say.made} onClose={() => void seen()}>
          <p>{say.madeText}</p>
          <p class="secret">
            <code>{made.key}</code>
            <CopyButton text={() => made.key} label={texts.copy} />
          </p>
          <div class="dialog-actions">
            <button type="button" class="button primary" onClick={() => void seen()}>
              {caller.key === null ? say.useHere : texts.close}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function KeyTable({ keys, onRevoke }: { keys: KeyView[]; onRevoke: (key: KeyView) => void }) {
  const { caller } = opened();
  const columns = say.keyColumns;
  return (
    <section class="scroll" tabIndex={0} aria-label={say.keys}>
      <table>
        <thead>
          <tr>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.tenant}</th>
            <th scope="col">{columns.scopes}</th>
            <th scope="col">{columns.made}</th>
            <th scope="col">{columns.state}</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id} class={key.revoked_at === null ? undefined : 'revoked'}>
              <td>
                {key.name} <code class="quiet">{key.id}</code>
              </td>
              <td>{key.tenant}</td>
              <td>{key.scopes.join(', ')}</td>
              <td>{formatDate(key.created_at)}</td>
              <td>
                {key.revoked_at !== null && say.revoked}
                {key.revoked_at === null && key.id === caller.key && say.thisOne}
                {key.revoked_at === null && key.id !== caller.key && (
                  <button type="button" class="button small" onClick={() => onRevoke(key)}>
                    {say.revoke}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function NewKey({ onMake }: { onMake: (body: object) => Promise<void> }) {
  const { caller } = opened();
  // The first key of a server must be able to make others.
  const usual: Scope[] = caller.key === null ? ['read', 'write', 'admin'] : ['read'];
  const [name, setName] = useState('');
  const [tenant, setTenant] = useState(caller.tenant);
  const [scopes, setScopes] = useState<Scope[]>(usual);
  const submit = async (event: Event) => {
    event.preventDefault();
    await onMake({ name: name.trim(), scopes, ...(tenant === caller.tenant ? {} : { tenant }) });
    setName('');
  };
  return (
    <form class="new-key" onSubmit={(event) => void submit(event)}>
      <h3>{say.newKey}</h3>
      <label class="field">
        <span>{say.keyName}</span>
        <input
          value={name}
          required
          maxLength={100}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {caller.operator && (
        <label class="field">
          <span>{say.keyTenant}</span>
          <input
            value={tenant}
            required
            maxLength={63}
            onInput={(event) => setTenant(event.currentTarget.value)}
          />
        </label>
      )}
      <fieldset class="scopes">
        <legend>{say.scopes}</legend>
        {SCOPES.map((scope) => (
          <label key={scope} class="tick">
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={(event) =>
                setScopes(
                  SCOPES.filter((one) =>
                    one === scope ? event.currentTarget.checked : scopes.includes(one),
                  ),
                )
              }
            />
            <span>
              {scope}
              <small>{say.scopeHints[scope as keyof typeof say.scopeHints]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <button type="submit" class="button primary" disabled={name.trim() === '' || scopes.length === 0}>
        {say.make}
      </button>
    </form>
  );
}
