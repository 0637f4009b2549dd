/** What is shown to whoever is not signed in. */
import { useState } from 'preact/hooks';
import { Problem } from './parts/controls.tsx';
import { openSession, type Session, signIn } from './session.ts';
import { texts } from './texts.ts';

export function SignIn({ session }: { session: Exclude<Session, { state: 'open' | 'opening' }> }) {
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  const { signIn: say } = texts;
  const refused = session.state === 'closed' && session.refused;
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== '') void signIn(key.trim(), remember);
  };
  return (
    <main class="sign-in">
      <p class="brand">
        <span class="brand-mark" aria-hidden="true" />
        {texts.product}
      </p>
      <h1>{say.title}</h1>
      {session.state === 'unreachable' && (
        <Problem failure={session.failure} onRetry={() => void openSession()} />
      )}
      <form onSubmit={submit}>
        <p>{say.lead}</p>
        <label class="field">
          <span>{say.key}</span>
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            aria-invalid={refused}
            aria-describedby="refused"
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <p id="refused" class="wrong" role="alert">
          {refused && say.refused}
        </p>
        <label class="tick">
          <input
            type="checkbox"
            checked={remember}
            onChange={(event) => setRemember(event.currentTarget.checked)}
          />
          <span>
            {say.remember}
            <small>{say.rememberHint}</small>
          </span>
        </label>
        <button type="submit" class="button primary wide">
          {say.submit}
        </button>
      </form>
      <p class="quiet">
        {say.howTo} <code>blockrag keys add --name laptop</code>
      </p>
    </main>
  );
}
