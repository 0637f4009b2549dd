/** The Console: documents, questions and figures of one server, over its REST API. */
import './theme.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { openSession } from './session.ts';

render(<App />, document.getElementById('app')!);
void openSession();
