/** Light or dark: as the system has it, unless the user says otherwise. */
import { createStore } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';
const STORED = 'blockrag.theme';

const isTheme = (value: string | null): value is Theme => value === 'light' || value === 'dark';
const stored = localStorage.getItem(STORED);
export const theme = createStore<Theme>(isTheme(stored) ? stored : 'system');

function apply(): void {
  const now = theme.get();
  if (now === 'system') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(STORED);
  } else {
    document.documentElement.dataset.theme = now;
    localStorage.setItem(STORED, now);
  }
}
apply();
theme.subscribe(apply);
