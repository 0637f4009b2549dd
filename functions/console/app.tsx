/** The frame: who is signed in, where they are, and how to get elsewhere. */
import { useEffect } from 'preact/hooks';
import { stopAll } from './ask/asking.ts';
import { Conversations } from './ask/conversations.tsx';
import { openHistory } from './ask/history.ts';
import { AskPage } from './ask/page.tsx';
import { openDocuments } from './documents/documents.ts';
import { DocumentsPage } from './documents/page.tsx';
import { OperatePage } from './operate/page.tsx';
import { Choice, Loading } from './parts/controls.tsx';
import { Confirmation } from './parts/dialog.tsx';
import { Icon, type IconName } from './parts/icon.tsx';
import { type Route, route, toHash } from './route.ts';
import { type OpenSession, session, signOut } from './session.ts';
import { SignIn } from './sign-in.tsx';
import { useStore } from './store.ts';
import { texts } from './texts.ts';
import { theme } from './theme.ts';

export function App() {
  const now = useStore(session);
  if (now.state === 'opening') return <Loading />;
  if (now.state !== 'open') return <SignIn session={now} />;
  return <Frame session={now} key={now.apiKey} />;
}

function Frame({ session: { caller, apiKey } }: { session: OpenSession }) {
  const at = useStore(route);
  useEffect(() => {
    const close = openDocuments();
    void openHistory(caller.tenant);
    return () => {
      close();
      stopAll();
    };
  }, [caller.tenant]);
  useEffect(() => {
    document.title = `${texts.nav[at.page]} · ${texts.product}`;
  }, [at.page]);
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        {texts.skip}
      </button>
      <header class="side">
        <p class="brand">
          <span class="brand-mark" aria-hidden="true" />
          {texts.product}
        </p>
        <nav aria-label={texts.nav.label}>
          <ul>
            <Place to={{ page: 'ask', conversation: undefined }} icon="ask" at={at} />
            <Place
              to={{ page: 'documents', document: undefined, passage: undefined }}
              icon="documents"
              at={at}
            />
            <Place to={{ page: 'operate' }} icon="operate" at={at} />
          </ul>
        </nav>
        {at.page === 'ask' && <Conversations current={at.conversation} />}
        <div class="side-foot">
          <ThemeChoice />
          {apiKey !== undefined && (
            <button
              type="button"
              class="plain sign-out"
              onClick={signOut}
              title={texts.nav.tenant(caller.tenant)}
            >
              <Icon name="leave" /> {texts.nav.signOut}
            </button>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {at.page === 'ask' && <AskPage id={at.conversation} />}
        {at.page === 'documents' && <DocumentsPage at={at} />}
        {at.page === 'operate' && <OperatePage />}
      </main>
      <Confirmation />
    </div>
  );
}

function Place({ to, icon, at }: { to: Route; icon: IconName; at: Route }) {
  const current = at.page === to.page;
  return (
    <li>
      <a href={toHash(to)} aria-current={current ? 'page' : undefined}>
        <Icon name={icon} /> {texts.nav[to.page]}
      </a>
    </li>
  );
}

function ThemeChoice() {
  const now = useStore(theme);
  const { themes } = texts.nav;
  return (
    <Choice
      label={texts.nav.theme}
      name="theme"
      value={now}
      onChange={theme.set}
      options={[
        { value: 'light', label: themes.light, icon: 'sun' },
        { value: 'system', label: themes.system, icon: 'system' },
        { value: 'dark', label: themes.dark, icon: 'moon' },
      ]}
    />
  );
}
